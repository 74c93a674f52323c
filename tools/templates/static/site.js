/* The page knows that scripts run; the column with the contents has names for those who hear it. */
document.documentElement.classList.add("scripted")
document.addEventListener("DOMContentLoaded", () => {
  const contents = document.querySelector(".bd-sidebar-primary")
  if (contents && !contents.hasAttribute("role")) {
    contents.setAttribute("role", "complementary")
    contents.setAttribute("aria-label", "Contents and search")
  }
  for (const fold of document.querySelectorAll(".bd-sidebar-primary summary"))
    if (!fold.textContent.trim()) fold.setAttribute("aria-label", "Pages below this one")
})
