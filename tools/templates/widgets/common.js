/* Helpers of the widgets: elements, a chart, controls. Text goes in as text, never as HTML. */
window.r1w = window.r1w || (() => {
  const SVG = "http://www.w3.org/2000/svg"
  const fill = (node, attributes, children) => {
    for (const [name, value] of Object.entries(attributes || {})) {
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value)
      else if (value !== null && value !== false) node.setAttribute(name, value)
    }
    node.append(...children.flat().filter(child => child !== null))
    return node
  }
  const h = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children)
  const s = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children)
  const select = (name, options, change) => {
    const box = h("select", { onchange: () => change(box.value) },
      options.map(([value, shown]) => h("option", { value }, shown)))
    return { box, label: h("label", {}, name, box) }
  }
  const slider = (name, least, most, step, value, change, shown = String) => {
    const words = h("span", {})
    const box = h("input", { type: "range", min: least, max: most, step, value, "aria-label": name })
    const tell = () => {
      words.textContent = `${name}: ${shown(+box.value)}`
      box.setAttribute("aria-valuetext", shown(+box.value))
    }
    box.addEventListener("input", () => { tell(); change(+box.value) })
    tell()
    return { box, tell, label: h("label", {}, words, box) }
  }
  /* How wide a drawing may be, so that its letters keep their size on a telephone. */
  let current = null
  const room = () => Math.max(240, Math.min(600, current.clientWidth || 600))
  /* A line chart: series of {points: [[x, y], ...], colour, dash, name}; x on a log scale if asked. */
  const chart = ({ title, xs, ys, ticks, series, marks = [], log = false, xname, yname, height = 210 }) => {
    const width = room(), named = series.filter(one => one.name)
    const narrow = width < 500 && named.length > 0
    const [left, right, top, bottom] = [46, 14, narrow ? 44 : 26, 38]
    const at = x => log ? Math.log(x) : x
    const px = x => left + (at(x) - at(xs[0])) / (at(xs[1]) - at(xs[0])) * (width - left - right)
    const py = y => height - bottom - (y - ys[0]) / (ys[1] - ys[0]) * (height - top - bottom)
    const line = (x1, y1, x2, y2, more) => s("line", { x1, y1, x2, y2, stroke: "var(--w-line)", ...more })
    const out = s("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": title })
    for (const y of ticks.y) out.append(line(left, py(y), width - right, py(y)),
      s("text", { x: left - 6, y: py(y) + 4, "text-anchor": "end" }, String(y)))
    for (const x of ticks.x) out.append(
      s("text", { x: px(x), y: height - bottom + 17, "text-anchor": "middle" }, String(x)))
    out.append(s("text", { x: width - right, y: height - 4, "text-anchor": "end" }, xname),
      s("text", { x: 4, y: 14 }, yname))
    series.forEach(({ points, colour, dash, name, dots, thin }, i) => {
      const path = points.map(([x, y]) => `${px(x).toFixed(1)},${py(y).toFixed(1)}`).join(" ")
      if (!dots) out.append(s("polyline", { points: path, fill: "none", stroke: colour,
        "stroke-width": thin ? 1 : 2.5, "stroke-dasharray": dash || null, opacity: thin ? 0.6 : 1 }))
      else points.forEach(([x, y]) => out.append(s("circle", { cx: px(x), cy: py(y), r: 4.5, fill: colour,
        stroke: "var(--w-paper)" })))
      if (name) {
        const each = Math.min(130, (width - 4) / named.length), y = narrow ? 28 : 10
        const x = narrow ? 4 + each * i : width - right - each * (named.length - i)
        out.append(s("line", { x1: x, y1: y, x2: x + 24, y2: y, stroke: colour, "stroke-width": 2.5,
          "stroke-dasharray": dash || null }), s("text", { x: x + 29, y: y + 4 }, name))
      }
    })
    for (const x of marks) out.append(line(px(x), top, px(x), height - bottom,
      { stroke: "var(--w-ink)", "stroke-width": 1.5, "stroke-dasharray": "3 3" }))
    return out
  }
  const start = (name, run) => {
    const root = document.currentScript.closest(".r1w")
    const data = JSON.parse(root.querySelector("script[type='application/json']").textContent)
    const body = root.querySelector(".w-body"), draw = run(body, data)
    const again = () => { current = body; draw() }
    root.addEventListener("input", () => { current = body }, true)
    root.addEventListener("click", () => { current = body }, true)
    addEventListener("resize", again)
    again()
  }
  return { h, s, select, slider, chart, room, start }
})()
