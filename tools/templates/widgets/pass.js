r1w.start("pass", (body, data) => {
  const { h, select, slider, chart } = r1w
  const names = Object.keys(data.models), n = data.samples
  const colours = ["var(--w-orange)", "var(--w-blue)", "var(--w-green)"], dashes = ["6 4", null, "2 3"]
  let k = 1, kind = "all", shown = names[0]
  /* 1 - C(n - c, k) / C(n, k): the chance that at least one of k samples, drawn from n, is right. */
  const pass = (c, k) => {
    let none = 1
    for (let i = 0; i < k; i++) none *= Math.max(0, n - c - i) / (n - i)
    return 1 - none
  }
  const chosen = counts => counts.filter((_, i) => kind === "all" || data.kinds[i] === kind)
  const mean = values => values.reduce((a, b) => a + b, 0) / values.length
  const share = (counts, k) => mean(chosen(counts).map(c => pass(c, k)))
  const ks = Array.from({ length: n }, (_, i) => i + 1)
  const say = h("p", { class: "w-say", "aria-live": "polite" })
  const curves = h("div", {}), grid = h("div", { class: "w-grid", role: "img" })
  const table = h("table", { class: "w-table" }), note = h("p", { class: "w-note" })
  const kinds = [["all", "all problems"], ...[...new Set(data.kinds)].map(one => [one, one])]
  const pickKind = select("problems", kinds, value => { kind = value; draw() })
  const pickModel = select("squares show", names.map(one => [one, one]), value => { shown = value; draw() })
  const tries = slider("tries, k", 1, n, 1, k, value => { k = value; draw() })
  const draw = () => {
    const mine = Object.fromEntries(names.map(name => [name, data.models[name].map(counts => share(counts, k))]))
    say.textContent = `With k = ${k}: ` +
      names.map(name => `${name} ${mean(mine[name]).toFixed(2)}`).join(", ") + "."
    const series = names.map((name, i) => ({ name, colour: colours[i], dash: dashes[i],
      points: ks.map(x => [x, mean(data.models[name].map(counts => share(counts, x)))]) }))
    curves.replaceChildren(chart({ title: "pass@k over k, mean of three seeds. " + say.textContent, log: true,
      xs: [1, n], ys: [0, 1], ticks: { x: [1, 2, 4, 8, 16, 32], y: [0, 0.5, 1] }, xname: "k, tries",
      yname: "pass@k", marks: [k], series, height: 250 }))
    table.replaceChildren(
      h("thead", {}, h("tr", {}, ["pass@" + k, "seed 0", "seed 1", "seed 2", "mean"].map(one => h("th", { scope: "col" }, one)))),
      h("tbody", {}, names.map(name => h("tr", {}, h("th", { scope: "row" }, name),
        [...mine[name], mean(mine[name])].map(one => h("td", {}, one.toFixed(2)))))))
    const counts = chosen(data.models[shown][0])
    grid.replaceChildren(...counts.map(c => h("span", { class: "w-cell", style: `--part: ${100 * pass(c, k)}%`,
      title: `${c} of ${n} samples are right` })))
    const never = counts.filter(c => c === 0).length
    grid.setAttribute("aria-label", `One square for each of ${counts.length} problems; ${never} are never solved`)
    note.textContent = `One square for each of ${counts.length} problems (${shown}, seed 0), filled up to the chance ` +
      `that one of ${k} tries is right. ${never} of them have no right sample among ${n}.`
  }
  body.append(h("div", { class: "w-bar" }, tries.label, pickKind.label, pickModel.label), say, curves, table, grid, note)
  return draw
})
