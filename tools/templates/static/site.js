/* The page knows that scripts run; the column with the contents is a landmark. */
document.documentElement.classList.add("scripted")
document.addEventListener("DOMContentLoaded", () => {
  const contents = document.querySelector(".bd-sidebar-primary")
  if (contents && !contents.hasAttribute("role")) {
    contents.setAttribute("role", "complementary")
    contents.setAttribute("aria-label", "Contents and search")
  }
})
