"""Where the data comes from, for templates."""

from django import template

from market_data.engine.storing.origin import is_made_up

register = template.Library()


@register.simple_tag
def data_is_made_up() -> bool:
    return is_made_up()
