"""The one sentence that says how the data is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext, ngettext

from market_data.admin.words import day_words, moment_words, number, title_of
from market_data.engine.ledger import clock
from market_data.queries.freshness import Freshness, Standing

# What a person should hear of first.
WORST_FIRST = (Freshness.LATE, Freshness.SUSPECT, Freshness.PARTIAL)
NextAsked = Callable[[str], datetime | None]


@dataclass(frozen=True)
class Verdict:
    """The sentence, the state it speaks of, and the dataset that it is about where it is about one."""

    state: Freshness
    sentence: str
    dataset: str = ""


def verdict(standings: Sequence[Standing], next_asked: NextAsked) -> Verdict:
    """What to say of datasets that were ever synced; the others are nobody's wish. `next_asked` looks a run up."""
    begun = [standing for standing in standings if standing.state != Freshness.NEVER]
    if not begun:
        return Verdict(Freshness.NEVER, gettext("Nothing is stored yet. Follow the list below; it ticks itself off."))
    troubled = [standing for state in WORST_FIRST for standing in begun if standing.state == state]
    if not troubled:
        return Verdict(Freshness.COMPLETE, _all_is_well(begun))
    worst = troubled[0]
    parts = [_SENTENCES[worst.state](worst, next_asked), _others(len(troubled) - 1)]
    return Verdict(worst.state, " ".join(filter(None, parts)), worst.dataset.name)


def _all_is_well(begun: Sequence[Standing]) -> str:
    days = [s.complete_until for s in begun if s.days and s.complete_until and s.dataset.rhythm == "sessions"]
    if not days:
        return gettext("Everything due is complete.")
    return gettext("Everything due is complete up to %(day)s.") % {"day": day_words(min(days))}


def _late(standing: Standing, next_asked: NextAsked) -> str:
    title = title_of(standing.dataset.name)
    again = next_asked(standing.dataset.name)
    then = gettext("It is asked again at %(time)s.") % {"time": moment_words(again)} if again else ""
    newest = standing.newest
    if newest is None:
        return f"{gettext('%(dataset)s is no longer fresh.') % {'dataset': title}} {then}".strip()
    moment = clock.ready_moment(standing.dataset, newest.day)
    ready = f"{moment:%H:%M}" if moment.date() == newest.day else moment_words(moment)
    due = gettext("%(dataset)s is late: %(day)s should have been there at %(time)s.") % {
        "dataset": title,
        "day": day_words(newest.day),
        "time": ready,
    }
    return " ".join(filter(None, (due, _what_came(standing), then)))


def _what_came(standing: Standing) -> str:
    newest = standing.newest
    if newest is None or not newest.got:
        return gettext("None of its rows are there.")
    share = f"{newest.got / newest.expected:.0%}" if newest.expected else number(newest.got)
    return gettext("The source has given %(share)s of its rows.") % {"share": share}


def _suspect(standing: Standing, next_asked: NextAsked) -> str:
    del next_asked
    # Translators: the answers for these days are not plausible.
    return ngettext(
        "%(dataset)s has %(count)s day whose answer is not plausible: look at it, ask again or accept it.",
        "%(dataset)s has %(count)s days whose answers are not plausible: look at them, ask again or accept them.",
        standing.suspect,
    ) % {"dataset": title_of(standing.dataset.name), "count": number(standing.suspect)}


def _partial(standing: Standing, next_asked: NextAsked) -> str:
    del next_asked
    sentence = ngettext(
        "%(dataset)s is not whole: %(count)s older day is not complete.",
        "%(dataset)s is not whole: %(count)s older days are not complete.",
        max(standing.open, 1),
    ) % {"dataset": title_of(standing.dataset.name), "count": number(max(standing.open, 1))}
    if standing.complete_until is None:
        return sentence
    until = gettext("Without a hole it reaches to %(day)s.") % {"day": day_words(standing.complete_until)}
    return f"{sentence} {until}"


def _others(count: int) -> str:
    if not count:
        return ""
    return ngettext("%(count)s other dataset is not complete.", "%(count)s other datasets are not complete.", count) % {
        "count": count
    }


_SENTENCES = {Freshness.LATE: _late, Freshness.SUSPECT: _suspect, Freshness.PARTIAL: _partial}
