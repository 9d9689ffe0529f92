// Small helps on top of pages that work without them: GOV.UK component behaviour, and keyboard shortcuts.

import {
  Button,
  Checkboxes,
  ErrorSummary,
  ExitThisPage,
  NotificationBanner,
  Radios,
  SkipLink,
  createAll,
} from "govuk-frontend"

// GOV.UK components refuse to start without this class. GOV.UK sets it with an inline script, which our policy forbids.
document.body.classList.add("js-enabled", "govuk-frontend-supported")

createAll(Button, { preventDoubleClick: true })
for (const component of [Checkboxes, ErrorSummary, ExitThisPage, NotificationBanner, Radios, SkipLink]) {
  createAll(component)
}

// An element with data-shortcut="t" is followed, or focused if one types in it, when t is pressed. Each key can be
// switched off on the help page, because a single key may be pressed by a hand that shakes or by speech software.

const SWITCHED_OFF = "throughcare-shortcuts-off"

/** Keys that this reader has switched off. */
function switchedOff() {
  try {
    return new Set(JSON.parse(localStorage.getItem(SWITCHED_OFF) ?? "[]"))
  } catch {
    return new Set() // storage is blocked or holds something else: shortcuts stay as they come
  }
}

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, [contenteditable]")
  if (typing || event.ctrlKey || event.metaKey || event.altKey || switchedOff().has(event.key)) return
  const target = [...document.querySelectorAll("[data-shortcut]")].find(
    (element) => element.dataset.shortcut === event.key,
  )
  if (!target) return
  event.preventDefault()
  if (target.matches("input, textarea, select")) target.focus()
  else target.click()
})

for (const form of document.querySelectorAll("[data-shortcut-switches]")) {
  const off = switchedOff()
  form.hidden = false
  for (const box of form.querySelectorAll("input")) box.checked = !off.has(box.value)
  form.addEventListener("change", () => {
    const boxes = [...form.querySelectorAll("input:not(:checked)")]
    localStorage.setItem(SWITCHED_OFF, JSON.stringify(boxes.map((box) => box.value)))
  })
}
