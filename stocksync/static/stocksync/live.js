// Parts of a page that move ask for themselves anew, once in five seconds, and not while nobody looks.
(() => {
  const SECONDS = 5;
  const beat = () => {
    if (document.visibilityState !== "visible") return;
    const part = document.querySelector("[data-live]");
    if (!part || part.contains(document.activeElement)) return;
    htmx.trigger(part, "tick");
  };
  document.addEventListener("DOMContentLoaded", () => {
    if (!document.querySelector("[data-live]")) return;
    beat();
    setInterval(beat, SECONDS * 1000);
  });
})();

// A field that searches while one types is named by its label, not by the value that it does not have yet. It is made
// by a script of its own, sooner or later.
(() => {
  const name = () => {
    for (const select of document.querySelectorAll("select.select2-hidden-accessible")) {
      const label = document.querySelector(`label[for="${select.id}"]`);
      if (!label) continue;
      label.id ||= `label-of-${select.id}`;
      const boxes = select.nextElementSibling?.querySelectorAll("[role=combobox], [role=textbox]") ?? [];
      for (const box of boxes) box.setAttribute("aria-labelledby", label.id);
    }
  };
  new MutationObserver(name).observe(document.documentElement, { childList: true, subtree: true });
})();
