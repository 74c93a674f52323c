r1w.start("clip", (body, data) => {
  const { h, select, slider, chart } = r1w
  let group = data.groups.findIndex(one => one.rewards.includes(1)), row = 0, step = data.groups[0].completions[0].ratios.length
  let low = data.clip_low, high = data.clip_high, divide = false
  if (group < 0) group = 0
  const say = h("p", { class: "w-say", "aria-live": "polite" }), picture = h("div", {})
  const table = h("table", { class: "w-table" })
  const mean = values => values.reduce((a, b) => a + b, 0) / values.length
  const advantages = rewards => {
    const middle = mean(rewards), away = rewards.map(r => r - middle)
    const std = Math.sqrt(away.reduce((a, b) => a + b * b, 0) / (rewards.length - 1))
    return std === 0 ? away.map(() => 0) : away.map(a => divide ? a / (std + 1e-4) : a)
  }
  const objective = (ratio, a) => Math.min(ratio * a, Math.min(Math.max(ratio, 1 - low), 1 + high) * a)
  /* Where the clipped value is the smaller one it does not depend on the ratio: no gradient. */
  const stopped = (ratio, a) => a > 0 ? ratio > 1 + high : a < 0 && ratio < 1 - low
  const best = () => { const all = advantages(data.groups[group].rewards); return all.indexOf(Math.max(...all)) }
  const pickGroup = select("group", data.groups.map((one, i) => [i, one.prompt]), value => { group = +value; row = best(); draw() })
  const pickStep = slider("optimizer steps", 1, step, 1, step, value => { step = value; draw() })
  const pickLow = slider("clip below 1 by", 0, 0.9, 0.01, low, value => { low = value; draw() }, v => v.toFixed(2))
  const pickHigh = slider("clip above 1 by", 0, 1.5, 0.01, high, value => { high = value; draw() }, v => v.toFixed(2))
  const std = h("input", { type: "checkbox", onchange: () => { divide = std.checked; draw() } })
  const draw = () => {
    const here = data.groups[group], all = advantages(here.rewards), a = all[row]
    const ratios = here.completions[row].ratios[step - 1]
    const tokens = here.completions.flatMap((one, i) => one.ratios[step - 1].map(ratio => stopped(ratio, all[i])))
    const lost = tokens.filter(Boolean).length
    say.textContent = all.every(x => x === 0)
      ? "All eight rewards are the same, so every advantage is 0, and this group teaches nothing."
      : `After ${step} optimizer step${step > 1 ? "s" : ""} on the same samples, ${lost} of ${tokens.length} tokens of the group ` +
        "are beyond the clip and pass no gradient on (crossed out below)."
    const xs = [0, 2.4], width = Math.max(0.2, Math.abs(a) * 2.4), curve = []
    for (let x = xs[0]; x <= xs[1] + 1e-9; x += 0.01) curve.push([x, objective(x, a)])
    const ys = a >= 0 ? [-0.1 * width, width] : [-width, 0.1 * width]
    const end = +(a >= 0 ? width : -width).toFixed(1)
    const inside = ratios.map(r => Math.min(r, xs[1]))
    picture.replaceChildren(chart({ title: `Objective of a token over its ratio for advantage ${a.toFixed(2)}; the tokens of the chosen completion lie between ratio ${Math.min(...ratios).toFixed(2)} and ${Math.max(...ratios).toFixed(2)}`,
      xs, ys, ticks: { x: [0, 0.5, 1, 1.5, 2], y: [0, end] }, xname: "ratio, new probability over old",
      yname: "objective", marks: [1 - low, 1 + high].filter(x => x > xs[0] && x < xs[1]), height: 240, series: [
        { points: curve, colour: "var(--w-blue)", name: "objective" },
        { points: inside.map(r => [r, objective(r, a)]), colour: "var(--w-orange)", dots: true, name: "tokens" }] }))
    table.replaceChildren(
      h("thead", {}, h("tr", {}, ["show", "reward", "advantage", "completion"].map(one => h("th", { scope: "col" }, one)))),
      h("tbody", {}, here.completions.map((one, i) => h("tr", { class: i === row ? "w-on" : null },
        h("td", {}, h("button", { type: "button", "aria-pressed": String(i === row), "aria-label": `show completion ${i + 1}`,
          onclick: () => { row = i; draw() } }, String(i + 1))),
        h("td", {}, here.rewards[i].toFixed(1)), h("td", {}, all[i].toFixed(2)),
        h("td", { class: "w-code" }, one.tokens.map((word, t) => {
          const ratio = one.ratios[step - 1][t]
          return h("span", { class: stopped(ratio, all[i]) ? "w-off" : null, title: `ratio ${ratio.toFixed(2)}` }, word)
        }))))))
  }
  row = best()
  pickGroup.box.value = group
  body.append(h("div", { class: "w-bar" }, pickGroup.label, pickStep.label, pickLow.label, pickHigh.label,
    h("label", { class: "w-check" }, std, "divide by the group's standard deviation")), say, picture,
  h("div", { class: "w-scroll", tabindex: 0, role: "group", "aria-label": "completions of the group" }, table))
  return draw
})
