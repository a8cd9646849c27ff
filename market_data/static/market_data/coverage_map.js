// Walking over the map by keyboard, saying what a cell is, and opening a cell or a dragged range beside it.
(() => {
  const told = document.querySelector("[data-role=told]");
  let anchor = null;
  let current = null;

  const cellsOf = (row) => [...row.querySelectorAll("td[data-day]")];
  const words = (cell) => {
    const [a, b, c] = cell.dataset.n.split(" ");
    const title = cell.parentElement.querySelector("th").textContent.trim();
    const parts = { state: document.querySelector(`[data-legend="${cell.dataset.state}"]`)?.textContent.trim() ?? cell.dataset.state, a, b, c };
    return `${title}, ${cell.dataset.day}: ${told.dataset.words.replace(/%\((\w+)\)s/g, (_, name) => parts[name])}`;
  };

  const mark = (row, from, to) => {
    document.querySelectorAll(".r-map td[aria-selected]").forEach((cell) => cell.removeAttribute("aria-selected"));
    const cells = cellsOf(row);
    const [first, last] = [cells.indexOf(from), cells.indexOf(to)].sort((x, y) => x - y);
    cells.slice(first, last + 1).forEach((cell) => cell.setAttribute("aria-selected", "true"));
  };

  const go = (cell, keep) => {
    if (!cell) return;
    if (!keep || !anchor || anchor.parentElement !== cell.parentElement) anchor = cell;
    if (current) current.tabIndex = -1;
    current = cell;
    cell.tabIndex = 0;
    cell.setAttribute("aria-label", words(cell));
    cell.focus({ preventScroll: false });
    told.textContent = words(cell);
    mark(cell.parentElement, anchor, cell);
  };

  const lastDay = (cell, zoom) => {
    const [year, month] = cell.dataset.day.split("-").map(Number);
    if (zoom === "days") return cell.dataset.day;
    return zoom === "months" ? new Date(Date.UTC(year, month, 0)).toISOString().slice(0, 10) : `${year}-12-31`;
  };

  const open = (table) => {
    const [first, last] = [anchor, current].sort((x, y) => x.dataset.day.localeCompare(y.dataset.day));
    const query = new URLSearchParams({
      dataset: current.dataset.dataset,
      start: first.dataset.day,
      end: lastDay(last, table.dataset.zoom),
    });
    htmx.ajax("GET", `${table.dataset.panel}?${query}`, { target: "#panel", swap: "innerHTML" }).then(() => {
      document.querySelector("#panel").scrollIntoView({ block: "nearest" });
    });
  };

  const step = (cell, key) => {
    const cells = cellsOf(cell.parentElement);
    const at = cells.indexOf(cell);
    const rows = [...cell.closest("tbody").rows];
    const row = rows.indexOf(cell.parentElement);
    switch (key) {
      case "ArrowLeft": return cells[at - 1];
      case "ArrowRight": return cells[at + 1];
      case "Home": return cells[0];
      case "End": return cells[cells.length - 1];
      case "ArrowUp": return rows[row - 1] && cellsOf(rows[row - 1])[at];
      case "ArrowDown": return rows[row + 1] && cellsOf(rows[row + 1])[at];
      default: return undefined;
    }
  };

  document.querySelectorAll(".r-map").forEach((table) => {
    const scroller = table.closest("[data-role=newest-right]");
    scroller.scrollLeft = scroller.scrollWidth;
    const last = table.querySelector("tbody tr td:last-child");
    table.addEventListener("focus", () => go(current && table.contains(current) ? current : last));
    table.addEventListener("keydown", (event) => {
      if (!event.target.matches("td[data-day]")) return;
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        open(table);
        return;
      }
      const next = step(event.target, event.key);
      if (next) {
        event.preventDefault();
        go(next, event.shiftKey);
      }
    });
    let dragging = false;
    table.addEventListener("pointerdown", (event) => {
      const cell = event.target.closest("td[data-day]");
      if (!cell) return;
      dragging = true;
      table.removeAttribute("tabindex");
      go(cell, event.shiftKey);
    });
    table.addEventListener("pointerover", (event) => {
      const cell = event.target.closest("td[data-day]");
      if (!cell) return;
      told.textContent = words(cell);
      if (dragging && anchor && cell.parentElement === anchor.parentElement) {
        current = cell;
        mark(cell.parentElement, anchor, cell);
      }
    });
    document.addEventListener("pointerup", () => {
      if (!dragging) return;
      dragging = false;
      open(table);
    });
  });
})();
