// Leaves of all that names a silo what the text in the field is part of. Without a script there is
// no field, and everything is there.
const field = document.querySelector(".search");
const input = field.querySelector("input");
const named = [...document.querySelectorAll("[data-silo]")];
const folds = [...document.querySelectorAll("details:has([data-silo])")];
const find = () => {
  const wanted = input.value.trim().toLowerCase();
  const found = new Set();
  for (const element of named) {
    const name = element.dataset.silo;
    const hides = !name.toLowerCase().includes(wanted);
    element.toggleAttribute("hidden", hides);
    if (!hides) found.add(name);
  }
  for (const fold of folds) {
    fold.open = wanted !== "" && fold.querySelector("[data-silo]:not([hidden])") !== null;
  }
  field.querySelector("output").textContent = wanted ? `${found.size} of them` : "";
};
field.hidden = false;
input.addEventListener("input", find);
