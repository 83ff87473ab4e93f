/**
 * The part of the HTML view's program that draws spans over time.
 *
 * @module
 */

/** Stands within page_script.ts's function, and uses what is declared there. */
export const PAGE_ICICLE: string = String.raw`  // Icicle.
  const icicle = byId("icicle");
  const canvas = icicle.querySelector("canvas");
  const filler = icicle.appendChild(make("div"));
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const hueOf = data.names.map(name => {
    let hash = 7;
    for (let i = 0; i < name.length; i++) hash = (hash * 31 + name.charCodeAt(i)) % 997;
    return hash * 137 % 360;
  });
  // What fits into a box: the name with what state it is in and its time, less of that, or the name's beginning.
  const captionOf = (node, room, paint) => {
    const fits = text => paint.measureText(text).width <= room;
    // What cannot fit need not be measured.
    const name = label(node).slice(0, Math.ceil(room / 2));
    const state = words(node).filter(word => word !== "folded");
    const named = name + (state.length > 0 ? " (" + state.join(", ") + ")" : "");
    for (const text of [named + "  " + time(data.wallNs[node]), named, name]) {
      if (fits(text)) return text;
    }
    let least = 0, most = name.length;
    while (least < most) {
      const middle = (least + most + 1) >> 1;
      if (fits(name.slice(0, middle) + "\u2026")) least = middle;
      else most = middle - 1;
    }
    return least < 2 ? "" : name.slice(0, least).replace(/[\ud800-\udbff]$/, "") + "\u2026";
  };
  // Kept as long as the box is as wide: what is hovered draws all boxes again.
  const captions = [];
  const captionRoom = new Float64Array(count).fill(NaN);
  const captionFor = (node, room, paint) => {
    if (captionRoom[node] !== room) {
      captionRoom[node] = room;
      captions[node] = captionOf(node, room, paint);
    }
    return captions[node];
  };
  // Times count from the left edge, so that a closer look says how far into a span something is.
  let axisShown = "";
  const drawAxis = width => {
    const shown = [width, from, until].join();
    if (shown === axisShown) return;
    axisShown = shown;
    const perTick = (until - from) * 90 / Math.max(width, 90);
    const power = 10 ** Math.floor(Math.log10(perTick));
    const step = Math.max(1, power * [1, 2, 5, 10].find(factor => factor * power >= perTick));
    const ticks = [];
    for (let i = 0; i < 100; i++) {
      const left = i * step / (until - from) * width;
      if (i > 0 && left > width - 60) break; // its label would be cut
      const tick = make("span", (from > 0 ? "+" : "") + moment(i * step));
      tick.style.left = left + "px";
      ticks.push(tick);
    }
    byId("axis").replaceChildren(...ticks);
  };
  const drawIcicle = () => {
    const width = icicle.clientWidth;
    const high = Math.min(380, Math.max(1, data.rowCount) * BOX);
    const ratio = devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(high * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(high * ratio);
      canvas.style.height = high + "px";
      filler.style.height = Math.max(0, data.rowCount * BOX - high) + "px";
    }
    const style = getComputedStyle(document.documentElement);
    const color = name => style.getPropertyValue(name).trim();
    const ink = color("--ink"), bad = color("--bad"), paper = color("--panel"), focus = color("--focus");
    const paint = canvas.getContext("2d");
    paint.setTransform(ratio, 0, 0, ratio, 0, 0);
    paint.fillStyle = paper;
    paint.fillRect(0, 0, width, high);
    paint.font = "12px system-ui, sans-serif";
    paint.textBaseline = "middle";
    const top = icicle.scrollTop;
    const scale = width / (until - from);
    for (let i = 0; i < count; i++) {
      const y = data.row[i] * BOX - top;
      if (y < -BOX || y > high) continue;
      if (data.endNs[i] < from || data.startNs[i] > until) continue;
      const x0 = Math.max(0, (data.startNs[i] - from) * scale);
      const x1 = Math.min(width, (data.endNs[i] - from) * scale);
      const wide = Math.max(x1 - x0, 1);
      const isDim = kept !== null && kept[i] !== 1;
      paint.globalAlpha = isDim ? 0.3 : 1;
      paint.fillStyle = "hsl(" + hueOf[data.name[i]] + (dark.matches ? " 32% 32%)" : " 55% 82%)");
      paint.fillRect(x0, y, wide - (wide > 3 ? 1 : 0), BOX - 1);
      const flags = data.flags[i];
      const caption = wide < 24 ? "" : captionFor(i, wide - 8, paint);
      if (flags & FOLDED && wide > 6) {
        paint.strokeStyle = ink;
        paint.globalAlpha = isDim ? 0.1 : 0.25;
        paint.beginPath();
        // Beside the words, not through them.
        for (let x = x0 + 6 + (caption === "" ? 0 : paint.measureText(caption).width); x < x0 + wide; x += 12) { paint.moveTo(x, y + BOX - 1); paint.lineTo(Math.min(x + 6, x0 + wide), y); }
        paint.stroke();
        paint.globalAlpha = isDim ? 0.3 : 1;
      }
      if (flags & FAILED) { paint.strokeStyle = bad; paint.lineWidth = 2; paint.strokeRect(x0 + 1, y + 1, Math.max(1, wide - 3), BOX - 3); paint.lineWidth = 1; }
      if (i === selected || i === hovered) { paint.strokeStyle = focus; paint.lineWidth = 2; paint.strokeRect(x0 + 1, y + 1, Math.max(1, wide - 3), BOX - 3); paint.lineWidth = 1; }
      paint.fillStyle = ink;
      // Too narrow for its name, a failed one still says so by more than its colour.
      if (wide < 24 && flags & FAILED && wide > 7) paint.fillText("!", x0 + wide / 2 - 2, y + BOX / 2);
      if (caption === "") continue;
      paint.fillText(caption, x0 + 4, y + BOX / 2);
    }
    paint.globalAlpha = 1;
    drawAxis(width);
    const isZoomed = from > 0 || until < data.totalNs;
    byId("reset").disabled = !isZoomed;
    say("range", moment(from) + " to " + moment(until));
  };
  const at = event => {
    const box = canvas.getBoundingClientRect();
    const ns = from + (event.clientX - box.left) / box.width * (until - from);
    const row = Math.floor((event.clientY - box.top + icicle.scrollTop) / BOX);
    const reach = (until - from) / box.width * 1.5;
    for (let i = count - 1; i >= 0; i--) {
      if (data.row[i] === row && data.startNs[i] - reach <= ns && ns <= Math.max(data.endNs[i], data.startNs[i]) + reach) {
        if (data.startNs[i] <= ns && ns <= data.endNs[i]) return i;
      }
    }
    for (let i = count - 1; i >= 0; i--) {
      if (data.row[i] === row && data.startNs[i] - reach <= ns && ns <= data.endNs[i] + reach) return i;
    }
    return -1;
  };
  const zoomTo = node => {
    from = data.startNs[node];
    until = Math.max(data.endNs[node], from + 1);
    draw();
  };
  const zoomOut = () => { from = 0; until = Math.max(1, data.totalNs); draw(); };
  const hover = node => {
    if (node === hovered) return;
    hovered = node;
    drawIcicle();
    showDetails(node < 0 ? selected : node);
  };
  /** Brings a node into what the icicle shows: scrolls to its row, and away from a closer look that leaves it out. */
  const showInIcicle = node => {
    if (data.startNs[node] >= until || data.endNs[node] <= from) {
      if (data.startNs[node] !== from) { from = 0; until = Math.max(1, data.totalNs); }
    }
    const top = data.row[node] * BOX;
    if (top < icicle.scrollTop) icicle.scrollTop = top;
    if (top + BOX > icicle.scrollTop + icicle.clientHeight) icicle.scrollTop = top + BOX - icicle.clientHeight;
  };
  canvas.addEventListener("mousemove", event => hover(at(event)));
  canvas.addEventListener("mouseleave", () => hover(-1));
  canvas.addEventListener("click", event => {
    const node = at(event);
    if (node < 0) return;
    select(node);
    zoomTo(node);
  });
  icicle.addEventListener("scroll", () => drawIcicle());
  icicle.addEventListener("keydown", event => {
    const siblings = siblingsOf(selected);
    const go = node => { if (node !== undefined && node >= 0) select(node); };
    const act = {
      ArrowRight: () => go(siblings[place[selected] + 1]),
      ArrowLeft: () => go(siblings[place[selected] - 1]),
      ArrowDown: () => go(children[selected][0]),
      ArrowUp: () => go(data.parent[selected]),
      Home: () => go(siblings[0]),
      End: () => go(siblings[siblings.length - 1]),
      Enter: () => zoomTo(selected),
      Escape: () => zoomOut(),
    }[event.key];
    if (act === undefined) return;
    event.preventDefault();
    act();
  });
  byId("reset").addEventListener("click", zoomOut);
`;
