r1w.start("experts", (body, data) => {
  const { h, s, select, room } = r1w
  const pale = ["#a6cee3", "#fdbf6f", "#b2df8a", "#fb9a99", "#cab2d6", "#ffff99", "#d9d9d9", "#8dd3c7"]
  let text = 0, layer = Object.keys(data.texts[0].layers)[0], token = null, expert = ""
  const say = h("p", { class: "w-say", "aria-live": "polite" })
  const chips = h("div", { class: "w-chips" }), load = h("div", {})
  const visible = one => one === "\n" ? "⏎" : one.replaceAll(" ", "␣") || "∅"
  const title = one => one.tokens.slice(2, one.tokens.indexOf("<|assistant|>")).join("").slice(0, 44)
  const pickText = select("text", data.texts.map((one, i) => [i, title(one)]), value => { text = +value; token = null; draw() })
  const pickLayer = select("layer", Object.keys(data.texts[0].layers).map(one => [one, "layer " + one]),
    value => { layer = value; draw() })
  const pickExpert = select("show only expert", [["", "all"], ...pale.map((_, i) => [i, String(i)])],
    value => { expert = value; draw() })
  const bars = counts => {
    const most = Math.max(...counts), even = counts.reduce((a, b) => a + b, 0) / counts.length
    const label = "Tokens for each expert: " + counts.map((c, i) => `${i}: ${c}`).join(", ")
    const width = room(), each = (width - 20) / 8, wide = 0.65 * each, middle = i => 10 + each * (i + 0.5)
    return s("svg", { viewBox: `0 0 ${width} 150`, role: "img", "aria-label": label },
      counts.map((c, i) => [
        s("rect", { x: middle(i) - wide / 2, y: 120 - 95 * c / most, width: wide, height: 95 * c / most, fill: pale[i], stroke: "var(--w-soft)" }),
        s("text", { x: middle(i), y: 114 - 95 * c / most, "text-anchor": "middle" }, String(c)),
        s("text", { x: middle(i), y: 138, "text-anchor": "middle" }, width < 500 ? String(i) : "expert " + i)]).flat(),
      s("line", { x1: 10, x2: width - 10, y1: 120 - 95 * even / most, y2: 120 - 95 * even / most, stroke: "var(--w-ink)", "stroke-dasharray": "4 4" }))
  }
  const draw = () => {
    const one = data.texts[text], here = one.layers[layer]
    chips.replaceChildren(...one.tokens.map((word, i) => {
      const [a, b] = here.experts[i], mine = expert === "" || a === +expert || b === +expert
      return h("button", { type: "button", class: "w-chip" + (mine ? "" : " w-dim"), style: `background: ${pale[a]}`,
        "aria-pressed": String(token === i), onclick: () => { token = i; draw() },
        "aria-label": `token ${visible(word)}, experts ${a} and ${b}` }, visible(word), h("small", {}, `${a}·${b}`))
    }))
    const counts = pale.map((_, e) => here.experts.flat().filter(x => x === e).length)
    load.replaceChildren(bars(counts))
    if (token === null) say.textContent = "Choose a token. Under each are its two experts, the heavier one first; the colour is the first one's."
    else {
      const parts = here.experts[token].map((e, i) => `expert ${e} with weight ${here.weights[token][i].toFixed(2)}`)
      say.textContent = `Token “${visible(one.tokens[token])}”, number ${token + 1} of ${one.tokens.length}, layer ${layer}: ${parts.join(", ")}.`
    }
  }
  body.append(h("div", { class: "w-bar" }, pickText.label, pickLayer.label, pickExpert.label), say, chips,
    h("p", { class: "w-note" }, "How many tokens of this text each expert reads; the dashed line is an even share."), load)
  return draw
})
