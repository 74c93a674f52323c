r1w.start("zero", (body, data) => {
  const { h, select, slider, chart } = r1w
  let seed = 0, problem = 0, look = data.seeds[0].looks.length - 1, timer = null
  const text = h("div", { class: "w-text", tabindex: 0, role: "group", "aria-label": "what the model wrote" })
  const say = h("p", { class: "w-say", "aria-live": "polite" })
  const curves = h("div", {})
  const run = () => data.seeds[seed]
  const problems = () => run().looks[0].texts.map((one, i) => [i, one.prompt.slice(0, 60)])
  const pickProblem = select("problem", problems(), value => { problem = +value; draw() })
  const pickSeed = select("run", data.seeds.map((one, i) => [i, `seed ${one.seed}`]), value => {
    seed = +value
    problem = 0
    pickProblem.box.replaceChildren(...problems().map(([value, shown]) => h("option", { value }, shown)))
    draw()
  })
  const step = slider("training step", 0, run().looks.length - 1, 1, look,
    value => { look = value; draw() }, value => run().looks[value].step)
  const stop = () => { clearInterval(timer); timer = null; play.textContent = "Play" }
  const play = h("button", { type: "button", onclick: () => {
    if (timer) return stop()
    play.textContent = "Stop"
    look = 0
    move()
    timer = setInterval(() => { if (look + 1 < run().looks.length) { look++; move() } else stop() }, 1500)
  } }, "Play")
  const move = () => { step.box.value = look; step.tell(); draw() }
  const marked = written => {
    const [thought, ...rest] = written.split("</think>")
    if (!rest.length && !written.startsWith("<think>")) return [h("span", { class: "w-answer" }, written)]
    const end = rest.length ? "</think>" : ""
    return [h("span", { class: "w-think" }, thought + end), h("span", { class: "w-answer" }, rest.join("</think>"))]
  }
  const draw = () => {
    const here = run().looks[look], one = here.texts[problem]
    text.replaceChildren(h("div", {}, one.prompt), h("hr", {}), ...marked(one.text))
    say.replaceChildren(h("span", { class: one.right ? "w-right" : "w-wrong" }, one.right ? "✓ right" : "✗ wrong"),
      ` after ${here.step} steps. Of all ${data.looks} watched problems ${Math.round(100 * here.valid)}% are right, ` +
      `with ${Math.round(here.length)} tokens on average.`)
    const lengths = run().curve.map(([x, , y]) => [x, y]), steps = [0, 20, 40, 60, 80, 100]
    curves.replaceChildren(
      chart({ title: `Share of watched problems that are right, by step: ${run().looks.map(l =>
        `${l.valid.toFixed(2)} at ${l.step}`).join(", ")}`,
      xs: [0, 100], ys: [0, 1], ticks: { x: steps, y: [0, 0.5, 1] }, xname: "step", yname: "share right",
      marks: [here.step], height: 170, series: [
        { points: run().curve.map(([x, y]) => [x, y]), colour: "var(--w-blue)", name: "in training" },
        { points: run().looks.map(l => [l.step, l.valid]), colour: "var(--w-orange)", dots: true, name: "held out" }] }),
      chart({ title: `Tokens of a completion, by step: from ${lengths[0][1]} to ${lengths.at(-1)[1]}`,
        xs: [0, 100], ys: [0, 120], ticks: { x: steps, y: [0, 60, 120] }, xname: "step", yname: "tokens",
        marks: [here.step], height: 150, series: [{ points: lengths, colour: "var(--w-green)" }] }))
  }
  body.append(h("div", { class: "w-bar" }, pickSeed.label, pickProblem.label, step.label, play), say, text, curves)
  return draw
})
