// Draws on the picture what the form of the edit page says, and puts what is
// drawn into the form. The form is the only state: without this script the page
// works by its fields, and undo is the form as it was. Nothing is sent from here.
"use strict";
(() => {
  const form = document.getElementById("edit");
  if (!form || !+form.dataset.width) return;
  const W = +form.dataset.width, H = +form.dataset.height;
  const SVG = "http://www.w3.org/2000/svg";
  const letters = Math.floor(Math.max(W, H, 32) / 32);
  const canvases = [...form.querySelectorAll(".canvas")];
  const hint = document.getElementById("hint"), readout = document.getElementById("readout");
  const field = (name) => form.elements.namedItem(name);
  const canvas = () => canvases.find((c) => c.offsetParent !== null) || canvases[0];
  let tool = "", gesture = null, cross = { x: W / 2, y: H / 2 }, crossed = false, zoom = "fit", width = Math.max(4, Math.round(Math.max(W, H) / 40));

  // --- numbers and places
  const round = (v) => Math.round(v * 10) / 10;
  const clamp = (p) => ({ x: Math.min(Math.max(p.x, 0), W), y: Math.min(Math.max(p.y, 0), H) });
  const text = (points) => points.map((p) => round(p.x) + "," + round(p.y)).join(" ");
  const points = (s) => s.trim().split(/\s+/).filter(Boolean).map((one) => one.split(",").map(Number))
    .filter((v) => v.length === 2 && v.every(Number.isFinite)).map(([x, y]) => ({ x, y }));
  const numbers = (s, n) => { const v = s.split(/[\s,;]+/).filter(Boolean).map(Number); return v.length === n && v.every(Number.isFinite) ? v : null; };
  const distance = (a, b) => Math.hypot(b.x - a.x, b.y - a.y);

  // --- drawing
  const make = (name, attrs, parent) => {
    const el = document.createElementNS(SVG, name);
    for (const [k, v] of Object.entries(attrs)) el.setAttribute(k, v);
    if (parent) parent.append(el);
    return el;
  };
  const twice = (name, attrs, parent) => { make(name, { ...attrs, class: "under" }, parent); make(name, { ...attrs, class: "over" }, parent); };
  const rowsOf = (kind) => [...form.querySelectorAll(`fieldset[data-row=${kind}]`)];
  const value = (row, name) => row.querySelector(`[name=${name}]`).value;

  function shapeOf(row, i, svg) {
    const on = row.querySelector("[name=use]").checked, g = make("g", { class: (on ? "on " : "off ") + value(row, "fill") }, svg);
    let middle;
    if (value(row, "shape") === "ellipse") {
      const [x, y, w, h, a] = ["x", "y", "width", "height", "angle"].map((n) => +value(row, n) || 0);
      if (w > 0 && h > 0) twice("ellipse", { cx: x, cy: y, rx: w / 2, ry: h / 2, transform: `rotate(${a} ${x} ${y})` }, g);
      middle = { x, y };
    } else {
      const at = points(value(row, "points"));
      if (!at.length) return;
      if (value(row, "shape") === "polygon") twice("polygon", { points: text(at) }, g);
      else make("polyline", { class: "stroke", points: text(at.length > 1 ? at : [at[0], at[0]]), "stroke-width": 2 * (+value(row, "radius") || 0) }, g);
      middle = { x: at.reduce((s, p) => s + p.x, 0) / at.length, y: at.reduce((s, p) => s + p.y, 0) / at.length };
    }
    make("text", { x: middle.x, y: middle.y, "font-size": letters }, svg).textContent = i + 1;
  }

  function markOf(row, svg) {
    if (!row.querySelector("[name=muse]").checked) return;
    const at = points(value(row, "mpoints")), kind = value(row, "mkind"), g = make("g", { class: "mark " + value(row, "mink") }, svg);
    if (!at.length) return;
    const head = at[at.length - 1];
    if (kind === "text") make("text", { class: "left", x: head.x, y: head.y, "font-size": letters }, g).textContent = value(row, "mtext") || "…";
    else twice(kind === "outline" ? "polygon" : "polyline", { points: text(at) }, g);
    if (kind === "arrow") make("circle", { cx: head.x, cy: head.y, r: letters / 2 }, g);
  }

  function draw() {
    for (const c of canvases) {
      const svg = c.querySelector("svg");
      svg.replaceChildren();
      const [fx, fy, fw, fh, fa] = ["fx", "fy", "fw", "fh", "fangle"].map((n) => parseFloat(field(n).value) || 0);
      if (fw > 0 && fh > 0) {
        make("path", { class: "cut", d: `M0 0H${W}V${H}H0z` + box(fx, fy, fw, fh, fa) }, svg);
        make("path", { class: "draft", d: box(fx, fy, fw, fh, fa) }, svg);
      }
      rowsOf("mask").forEach((row, i) => shapeOf(row, i, svg));
      rowsOf("mark").forEach((row) => markOf(row, svg));
      const line = numbers(field("line").value, 4);
      if (line) make("path", { class: "ruler", d: `M${line[0]} ${line[1]}L${line[2]} ${line[3]}` }, svg);
      const patch = field("patch") && numbers(field("patch").value, 4);
      if (patch && patch[2] > 0 && patch[3] > 0) make("rect", { class: "chart", x: patch[0], y: patch[1], width: patch[2], height: patch[3] }, svg);
      const corners = field("corners") ? points(field("corners").value) : [];
      if (corners.length) twice(corners.length === 4 ? "polygon" : "polyline", { points: text(corners) }, svg);
      corners.forEach((p, i) => { make("circle", { class: "chart", cx: p.x, cy: p.y, r: letters / 3 }, svg); make("text", { x: p.x, y: p.y, "font-size": letters / 1.5 }, svg).textContent = i + 1; });
      if (gesture && gesture.draft) gesture.draft(svg);
      if (crossed) make("path", { class: "cross", d: `M${cross.x} ${cross.y - letters}v${2 * letters}M${cross.x - letters} ${cross.y}h${2 * letters}` }, svg);
    }
    filter();
    tell();
  }

  function box(x, y, w, h, angle) {
    const s = Math.sin(angle * Math.PI / 180), c = Math.cos(angle * Math.PI / 180);
    return "M" + [[-1, -1], [1, -1], [1, 1], [-1, 1]].map(([i, j]) => `${x + (i * w * c - j * h * s) / 2} ${y + (i * w * s + j * h * c) / 2}`).join("L") + "z";
  }

  // tell says how exact a scale would be: each end may be off by a pixel of the screen.
  function tell() {
    const line = numbers(field("line").value, 4), mm = parseFloat(field("mm").value);
    if (!line) { readout.textContent = ""; return; }
    const long = Math.hypot(line[2] - line[0], line[3] - line[1]), off = Math.SQRT2 * (+field("click").value || 2);
    readout.textContent = mm > 0 ? `${(long / mm).toFixed(2)} ± ${(off / mm).toFixed(2)} px/mm` : `${long.toFixed(0)} ± ${off.toFixed(1)} px`;
  }

  // filter shows light and colour as the recipe has them, in the browser's own arithmetic.
  function filter() {
    let measured = {};
    try { measured = JSON.parse(field("measured").value || "{}"); } catch { /* the server will say */ }
    const kept = (name) => { const box = field(name); return box && box.checked; };
    const m = kept("keepchart") && measured.matrix || [1, 0, 0, 0, 1, 0, 0, 0, 1], gains = kept("keepwhite") && measured.white ? measured.white.gains : [1, 1, 1];
    const light = 2 ** +field("exposure").value, slope = 2 ** +field("contrast").value;
    const rows = [0, 1, 2].map((i) => [0, 1, 2].map((j) => (m[3 * i + j] * gains[j] * light).toFixed(5)).join(" ") + " 0 0");
    document.querySelector("#tone feColorMatrix").setAttribute("values", rows.join(" ") + " 0 0 0 1 0");
    for (const f of document.querySelectorAll("#tone feComponentTransfer > *")) { f.setAttribute("slope", slope); f.setAttribute("intercept", 0.5 - 0.5 * slope); }
    for (const name of ["exposure", "contrast"]) field(name).nextElementSibling.value = (+field(name).value >= 0 ? "+" : "−") + Math.abs(+field(name).value).toFixed(2);
  }

  // --- rows, and the form as it was
  function number() {
    rowsOf("mask").forEach((row, i) => {
      row.querySelector("[name=use]").value = i;
      const name = row.querySelector("[data-name]");
      name.textContent = name.textContent.replace(/\d+$/, i + 1);
    });
    rowsOf("mark").forEach((row, i) => { row.querySelector("[name=muse]").value = i; });
    const empty = form.querySelector(".empty-row");
    if (empty) empty.hidden = rowsOf("mask").length > 0;
  }
  function dress(row) {
    row.querySelector("[data-act=drop]").hidden = false;
    const shape = row.querySelector("[name=shape]"), kind = row.querySelector("[name=mkind]");
    const show = (selector, on) => { const el = row.querySelector(selector); if (el) el.hidden = !on; };
    if (shape) { show(".ellipse-only", shape.value === "ellipse"); show(".points-only", shape.value !== "ellipse"); show(".brush-only", shape.value === "brush"); }
    if (kind) show(".text-only", kind.value === "text");
    const named = form.querySelector(shape ? `[name=newshape] option[value="${shape.value}"]` : `[name=newmark] option[value="${kind.value}"]`);
    if (named) row.querySelector("[data-shape]").textContent = named.textContent;
  }
  function add(kind, fields) {
    const row = document.getElementById(kind + "row").content.firstElementChild.cloneNode(true);
    for (const [name, v] of Object.entries(fields)) row.querySelector(`[name=${name}]`).value = v;
    document.getElementById(kind + "s").append(row);
    dress(row);
    number();
    const fold = row.closest("details");
    if (fold) fold.open = true;
    row.parentElement.scrollTop = row.parentElement.scrollHeight;
    return row;
  }
  const singles = ["fx", "fy", "fw", "fh", "fangle", "line", "mm", "click", "patch", "corners", "exposure", "contrast", "turn", "side", "bar", "corner"];
  const history = [];
  const state = () => JSON.stringify({
    masks: rowsOf("mask").map(fieldsOf), marks: rowsOf("mark").map(fieldsOf),
    singles: singles.map((n) => (field(n) ? field(n).value : "")),
  });
  const fieldsOf = (row) => [...row.querySelectorAll("input, select")].map((el) => [el.name, el.type === "checkbox" ? el.checked : el.value]);
  let last = "";
  function remember() {
    const now = state();
    if (last && now !== last) { history.push(last); if (history.length > 100) history.shift(); }
    last = now;
  }
  function undo() {
    const was = history.pop();
    if (!was) return;
    const { masks, marks, singles: values } = JSON.parse(was);
    for (const [kind, rows] of [["mask", masks], ["mark", marks]]) {
      rowsOf(kind).forEach((row) => row.remove());
      for (const fields of rows) {
        const row = add(kind, {});
        for (const [name, v] of fields) { const el = row.querySelector(`[name=${name}]`); if (typeof v === "boolean") el.checked = v; else el.value = v; }
        dress(row);
      }
    }
    singles.forEach((n, i) => { if (field(n)) field(n).value = values[i]; });
    number();
    last = was;
    draw();
  }
  function changed() { number(); remember(); draw(); }

  // --- tools: each begins at a place, moves, ends, or takes one place after another
  const dragged = (finish, drawn) => (from) => {
    let to = from;
    return { move: (p) => { to = p; }, end: () => { if (distance(from, to) >= 2) finish(from, to); }, draft: (svg) => drawn(svg, from, to) };
  };
  const rectangle = (svg, a, b) => make("path", { class: "draft", d: `M${a.x} ${a.y}H${b.x}V${b.y}H${a.x}z` }, svg);
  const lineBetween = (svg, a, b) => make("path", { class: "draft", d: `M${a.x} ${a.y}L${b.x} ${b.y}` }, svg);
  const clicked = (most, finish) => (from) => {
    const at = [from];
    return {
      many: true, move: (p) => { gesture.next = p; }, place: (p) => { at.push(p); if (at.length === most) stop(true); },
      end: () => finish(at), draft: (svg) => make("polyline", { class: "draft", points: text(gesture.next ? [...at, gesture.next] : at) }, svg),
    };
  };
  const tools = {
    ellipse: dragged((a, b) => add("mask", { shape: "ellipse", x: round(a.x), y: round(a.y), width: round(2 * Math.max(1, Math.abs(b.x - a.x))), height: round(2 * Math.max(1, Math.abs(b.y - a.y))) }),
      (svg, a, b) => make("ellipse", { class: "draft", cx: a.x, cy: a.y, rx: Math.abs(b.x - a.x), ry: Math.abs(b.y - a.y) }, svg)),
    polygon: clicked(Infinity, (at) => { if (at.length > 2) add("mask", { shape: "polygon", points: text(at) }); }),
    brush: (from) => {
      const at = [from];
      return {
        move: (p) => { if (distance(at[at.length - 1], p) > width / 3 && at.length < 2000) at.push(p); },
        end: () => add("mask", { shape: "brush", points: text(at), radius: width }),
        draft: (svg) => make("polyline", { class: "stroke", points: text(at.length > 1 ? at : [from, from]), "stroke-width": 2 * width }, svg),
      };
    },
    crop: dragged((a, b) => { set({ fx: (a.x + b.x) / 2, fy: (a.y + b.y) / 2, fw: Math.abs(b.x - a.x), fh: Math.abs(b.y - a.y), fangle: 0 }); }, rectangle),
    white: dragged((a, b) => { field("patch").value = [Math.min(a.x, b.x), Math.min(a.y, b.y), Math.abs(b.x - a.x), Math.abs(b.y - a.y)].map(round).join(","); press("grey"); }, rectangle),
    chart: clicked(4, (at) => { if (at.length === 4) { field("corners").value = text(at); press("chart"); } }),
    scale: dragged((a, b) => {
      field("line").value = text([a, b]);
      field("click").value = round(pixel());
      document.getElementById("scale").open = true;
      field("mm").focus();
    }, lineBetween),
    arrow: dragged((a, b) => add("mark", { mkind: "arrow", mpoints: text([a, b]) }), lineBetween),
    text: (from) => ({ move: () => {}, end: () => add("mark", { mkind: "text", mpoints: text([from]) }).querySelector("[name=mtext]").focus() }),
    outline: clicked(Infinity, (at) => { if (at.length > 1) add("mark", { mkind: "outline", mpoints: text(at) }); }),
  };
  function set(values) {
    for (const [n, v] of Object.entries(values)) field(n).value = round(v);
    field("fw").closest("details").open = true;
  }
  const pixel = () => W / canvas().querySelector("svg").getBoundingClientRect().width;
  const press = (act) => { const b = form.querySelector(`button[name=do][value=${act}]`); if (b) b.focus(); };

  function choose(name) {
    if (gesture) stop(false);
    tool = tools[name] && (name !== "white" && name !== "chart" || field("patch")) ? name : "";
    for (const b of form.querySelectorAll(".tool")) {
      b.setAttribute("aria-pressed", String(b.dataset.tool === tool));
      if (b.dataset.tool === tool) hint.textContent = b.dataset.hint;
    }
    for (const c of canvases) { c.classList.toggle("live", tool !== ""); c.tabIndex = tool ? 0 : -1; }
    if (tool) canvas().focus({ preventScroll: true });
  }
  function start(p) { gesture = tools[tool](p); draw(); }
  function stop(keep) {
    const done = gesture;
    gesture = null;
    if (done && keep) done.end();
    changed();
  }
  // put is a click or Space: it begins, goes on, or ends.
  function put(p) {
    if (!gesture) start(p);
    else if (gesture.many) { gesture.place(p); draw(); }
    else stop(true);
  }

  // --- pointer
  const placeOf = (e, c) => {
    const r = c.querySelector("svg").getBoundingClientRect();
    return clamp({ x: (e.clientX - r.left) * W / r.width, y: (e.clientY - r.top) * H / r.height });
  };
  for (const c of canvases) {
    c.addEventListener("pointerdown", (e) => {
      if (!tool || e.button) return;
      e.preventDefault();
      crossed = false;
      c.focus({ preventScroll: true });
      const p = placeOf(e, c);
      if (gesture && gesture.many) { gesture.place(p); draw(); return; }
      c.setPointerCapture(e.pointerId);
      start(p);
    });
    c.addEventListener("pointermove", (e) => { if (gesture) { gesture.move(placeOf(e, c)); draw(); } });
    c.addEventListener("pointerup", () => { if (gesture && !gesture.many) stop(true); });
    c.addEventListener("pointercancel", () => { if (gesture) stop(false); });
    c.addEventListener("dblclick", () => { if (gesture && gesture.many) stop(true); });
    c.addEventListener("click", (e) => { if (tool) e.preventDefault(); });
  }

  // --- keys
  const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  function onCanvas(e) {
    if (steps[e.key]) {
      const by = e.shiftKey ? 1 : Math.max(1, Math.round(Math.max(W, H) / 100));
      cross = clamp({ x: cross.x + by * steps[e.key][0], y: cross.y + by * steps[e.key][1] });
      crossed = true;
      if (gesture) gesture.move(cross);
      draw();
    } else if (e.key === " ") { crossed = true; put({ ...cross }); draw(); }
    else if (e.key === "Enter") { if (gesture) stop(true); }
    else return false;
    return true;
  }
  document.addEventListener("keydown", (e) => {
    const typing = e.target.matches("input:not([type=checkbox], [type=range], [type=image]), textarea, select");
    if ((e.ctrlKey || e.metaKey) && !e.altKey && e.key.toLowerCase() === "s") { e.preventDefault(); form.requestSubmit(form.querySelector("button[name=do][value=save]")); return; }
    if ((e.ctrlKey || e.metaKey) && e.key.toLowerCase() === "z" && !typing) { e.preventDefault(); undo(); return; }
    if (e.ctrlKey || e.metaKey || e.altKey || typing) return;
    if (tool && e.target.closest(".canvas") && onCanvas(e)) { e.preventDefault(); return; }
    if (e.key === "Escape") { if (gesture) stop(false); else { choose(""); draw(); } return; }
    if (e.key === "[" || e.key === "]") { width = Math.max(1, Math.round(width * (e.key === "]" ? 1.25 : 0.8))); hint.textContent = width + " px"; return; }
    if (e.key.toLowerCase() === "y") { before(); return; }
    const b = [...form.querySelectorAll(".tool")].find((t) => t.getAttribute("aria-keyshortcuts").toLowerCase() === e.key.toLowerCase());
    if (b) { e.preventDefault(); choose(b.dataset.tool); }
  });

  // --- what stands around the picture
  function before() {
    const b = form.querySelector("[data-act=before]"), on = b.getAttribute("aria-pressed") !== "true";
    b.setAttribute("aria-pressed", String(on));
    for (const c of canvases) c.classList.toggle("plain", on);
  }
  function scale(to) {
    zoom = to;
    for (const b of form.querySelectorAll("[data-zoom]")) b.setAttribute("aria-pressed", String(b.dataset.zoom === zoom));
    for (const c of canvases) {
      c.classList.toggle("zoomed", zoom !== "fit");
      for (const el of c.querySelectorAll("input[type=image], svg")) {
        el.dataset.w ||= el.getAttribute("width");
        el.dataset.h ||= el.getAttribute("height");
        el.setAttribute("width", zoom === "fit" ? el.dataset.w : W * zoom);
        el.setAttribute("height", zoom === "fit" ? el.dataset.h : H * zoom);
      }
    }
  }
  form.addEventListener("click", (e) => {
    const b = e.target.closest("button[type=button]");
    if (!b) return;
    if (b.dataset.tool) choose(b.dataset.tool === tool ? "" : b.dataset.tool);
    else if (b.dataset.zoom) scale(b.dataset.zoom);
    else if (b.dataset.act === "undo") undo();
    else if (b.dataset.act === "before") before();
    else if (b.dataset.act === "drop") { b.closest("fieldset").remove(); changed(); }
  });
  form.addEventListener("input", (e) => { if (e.target.closest("template")) return; draw(); });
  form.addEventListener("change", () => { remember(); draw(); });

  for (const el of form.querySelectorAll(".tools, .zooms")) el.hidden = false;
  for (const el of form.querySelectorAll(".noscript")) el.hidden = true;
  for (const t of form.querySelectorAll("[data-tool=white], [data-tool=chart]")) t.hidden = !field("patch");
  [...rowsOf("mask"), ...rowsOf("mark")].forEach(dress);
  number();
  remember();
  draw();
})();
