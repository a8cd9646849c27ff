// Candles, volume and a strip of what is stored, drawn by Bokeh from the numbers that stand in the page.
(() => {
  const DAY = 86400000;
  const place = document.querySelector("#candles");
  const read = (role) => JSON.parse(document.querySelector(`[data-role=${role}]`).textContent);
  const css = (name) => {
    const probe = document.createElement("span");
    probe.style.color = `var(${name})`;
    document.body.append(probe);
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 1;
    const pen = canvas.getContext("2d");
    pen.fillStyle = getComputedStyle(probe).color;
    pen.fillRect(0, 0, 1, 1);
    probe.remove();
    const [r, g, b] = pen.getImageData(0, 0, 1, 1).data;
    return `rgb(${r}, ${g}, ${b})`;
  };
  const stamp = (day) => Date.parse(`${day}T00:00:00Z`);

  const sourceOf = (bars) => {
    const column = (name) => bars.map((bar) => bar[name]);
    return new Bokeh.ColumnDataSource({
      data: {
        x: bars.map((bar) => stamp(bar.trade_date)), day: column("trade_date"),
        open: column("open"), high: column("high"), low: column("low"), close: column("close"),
        volume: column("volume"),
        top: bars.map((bar) => Math.max(bar.open, bar.close)),
        bottom: bars.map((bar) => Math.min(bar.open, bar.close)),
      },
    });
  };

  const dress = (plot, colours) => {
    plot.toolbar_location = null;
    plot.background_fill_color = plot.border_fill_color = colours.ground;
    plot.outline_line_color = colours.line;
    [...plot.xaxes, ...plot.yaxes].forEach((axis) => {
      axis.axis_line_color = axis.major_tick_line_color = colours.line;
      axis.minor_tick_line_color = null;
      axis.major_label_text_color = colours.text;
    });
    [...plot.xgrids, ...plot.ygrids].forEach((grid) => { grid.grid_line_color = colours.line; });
    return plot;
  };

  const figure = (options) => Bokeh.Plotting.figure({
    sizing_mode: "stretch_width", x_axis_type: "datetime", tools: "", min_border_left: 64, min_border_right: 8, lod_threshold: null, ...options,
  });

  const draw = () => {
    const bars = read("bars").filter((bar) => bar.close !== null);
    const marks = read("marks");
    if (!bars.length) return;
    const colours = { ground: css("--r-ground"), line: css("--r-line"), text: css("--r-quiet"), up: css("--r-bad"), down: css("--r-good"), part: css("--r-part") };
    const source = sourceOf(bars);
    const first = stamp(bars[0].trade_date) - DAY;
    const last = stamp(bars[bars.length - 1].trade_date) + DAY;
    const x_range = new Bokeh.Range1d({ start: first, end: last, bounds: [first - 30 * DAY, last + 30 * DAY] });
    const y_range = new Bokeh.DataRange1d({ only_visible: true });
    const prices = figure({ height: 340, x_range, y_range, tools: "xpan,xwheel_zoom,crosshair" });
    const colour = bars.map((bar) => (bar.close >= bar.open ? colours.up : colours.down));
    const fill = bars.map((bar) => (bar.close >= bar.open ? colours.ground : colours.down));
    source.data = { ...source.data, colour, fill };
    prices.segment({ field: "x" }, { field: "high" }, { field: "x" }, { field: "low" }, { source, line_color: { field: "colour" } });
    const candles = prices.vbar({ x: { field: "x" }, width: 0.7 * DAY, top: { field: "top" }, bottom: { field: "bottom" }, source, fill_color: { field: "fill" }, line_color: { field: "colour" } });
    const words = place.dataset;
    prices.add_tools(new Bokeh.HoverTool({
      renderers: [candles], mode: "vline", point_policy: "follow_mouse",
      tooltips: [[words.day, "@day"], [words.open, "@open{0.00}"], [words.high, "@high{0.00}"], [words.low, "@low{0.00}"], [words.close, "@close{0.00}"], [words.volume, "@volume{0,0}"]],
    }));
    const volume = figure({ height: 90, x_range, y_range: new Bokeh.DataRange1d({ only_visible: true, start: 0 }), tools: "xpan,xwheel_zoom" });
    volume.vbar({ x: { field: "x" }, width: 0.7 * DAY, top: { field: "volume" }, bottom: 0, source, fill_color: { field: "fill" }, line_color: { field: "colour" } });
    volume.yaxes.forEach((axis) => { axis.formatter = new Bokeh.NumeralTickFormatter({ format: "0a" }); axis.ticker.desired_num_ticks = 2; });

    const strip = figure({ height: 46, x_range, y_range: new Bokeh.Range1d({ start: 0, end: 1 }), tools: "xpan,xwheel_zoom" });
    const blocks = (days, options) => days.length && strip.vbar({ x: days.map(stamp), width: 0.9 * DAY, top: 0.62, bottom: 0.05, ...options });
    blocks(bars.map((bar) => bar.trade_date), { fill_color: colours.down, line_color: null });
    blocks(marks.suspended, { fill_color: colours.ground, line_color: colours.text, hatch_pattern: "|", hatch_color: colours.text });
    blocks(marks.missing, { fill_color: colours.ground, line_color: colours.up });
    if (marks.dividends.length) strip.scatter({ x: marks.dividends.map(stamp), y: marks.dividends.map(() => 0.82), marker: "inverted_triangle", size: 9, fill_color: colours.part, line_color: null });
    strip.yaxes.forEach((axis) => { axis.visible = false; });
    strip.ygrids.forEach((grid) => { grid.visible = false; });

    const plots = [prices, volume, strip].map((plot) => dress(plot, colours));
    strip.xaxes.forEach((axis) => { axis.ticker.desired_num_ticks = place.clientWidth < 500 ? 4 : 8; });
    plots.slice(0, 2).forEach((plot) => plot.xaxes.forEach((axis) => { axis.visible = false; }));
    plots.forEach((plot) => { const wheel = plot.toolbar.tools.find((tool) => tool instanceof Bokeh.WheelZoomTool); if (wheel) plot.toolbar.active_scroll = wheel; });
    place.replaceChildren();
    Bokeh.Plotting.show(new Bokeh.Column({ children: plots, sizing_mode: "stretch_width" }), place);
    walk(x_range, first, last);
  };

  const walk = (range, first, last) => {
    place.onkeydown = (event) => {
      const width = range.end - range.start;
      const [from, to] = {
        ArrowLeft: [range.start - width / 8, range.end - width / 8],
        ArrowRight: [range.start + width / 8, range.end + width / 8],
        "+": [range.start + width / 6, range.end - width / 6],
        "=": [range.start + width / 6, range.end - width / 6],
        "-": [range.start - width / 4, range.end + width / 4],
        Home: [first, first + width],
        End: [last - width, last],
      }[event.key] ?? [];
      if (from === undefined) return;
      event.preventDefault();
      range.start = Math.max(from, first - 30 * DAY);
      range.end = Math.min(to, last + 30 * DAY);
    };
  };

  document.addEventListener("DOMContentLoaded", () => {
    if (!place) return;
    draw();
    // The colours are those of the page, which may turn dark.
    new MutationObserver(draw).observe(document.documentElement, { attributes: true, attributeFilter: ["class"] });
  });
})();
