// Enhances what works without it: the components of govuk-frontend, and a few attributes of our own.
//
//   data-confirm="…"     on a form: asks before it is sent
//   data-print           on a button: prints the page
//   data-copy="#id"      on a button: copies the text of that element
//   data-session-ends="SECONDS" data-stay="/path"
//                        on a hidden notice: shown five minutes before the session ends; its button asks for that page,
//                        which goes on with the session
import {
  Accordion,
  Button,
  CharacterCount,
  Checkboxes,
  ErrorSummary,
  NotificationBanner,
  PasswordInput,
  Radios,
  ServiceNavigation,
  SkipLink,
  Tabs,
  createAll,
} from "govuk-frontend";

document.body.classList.add("js-enabled");
if ("noModule" in HTMLScriptElement.prototype) document.body.classList.add("govuk-frontend-supported");

for (const component of [
  Accordion,
  Button,
  CharacterCount,
  Checkboxes,
  ErrorSummary,
  NotificationBanner,
  PasswordInput,
  Radios,
  ServiceNavigation,
  SkipLink,
  Tabs,
]) {
  createAll(component);
}

document.addEventListener("submit", (event) => {
  const question = event.target.dataset.confirm;
  if (question && !window.confirm(question)) event.preventDefault();
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if ("print" in button.dataset) window.print();
  if (button.dataset.copy) {
    const source = document.querySelector(button.dataset.copy);
    if (!source) return;
    await navigator.clipboard.writeText(source.value ?? source.textContent);
    button.textContent = button.dataset.copied ?? "Copied";
  }
});

// Buttons that only a script can serve are hidden in the page until it runs.
for (const button of document.querySelectorAll("[data-needs-script][hidden]")) button.hidden = false;

const warnBefore = 300; // seconds
for (const notice of document.querySelectorAll("[data-session-ends]")) {
  const button = notice.querySelector("button");
  let waiting;
  const begin = () => {
    notice.hidden = true;
    clearTimeout(waiting);
    waiting = setTimeout(
      () => {
        notice.hidden = false;
      },
      Math.max(0, Number(notice.dataset.sessionEnds) - warnBefore) * 1000,
    );
  };
  button.addEventListener("click", async () => {
    const answer = await fetch(notice.dataset.stay, { cache: "no-store" }).catch(() => undefined);
    if (answer?.ok && !answer.redirected) begin();
    else notice.querySelector("[data-too-late]").hidden = false;
  });
  begin();
}
