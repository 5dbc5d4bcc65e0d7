"use strict";
(() => {
  const text = document.getElementById("filter-text");
  const verdict = document.getElementById("filter-verdict");
  const shown = document.getElementById("shown");
  const rows = [...document.querySelectorAll(".instances > details")];
  const filter = () => {
    const wanted = text.value.trim().toLowerCase();
    let count = 0;
    for (const row of rows) {
      const fits = (!verdict.value || row.dataset.verdict === verdict.value)
        && (!wanted || row.dataset.text.includes(wanted));
      row.hidden = !fits;
      count += fits;
    }
    shown.textContent = count === rows.length ? "" : `${count} of ${rows.length}`;
  };
  text.form.addEventListener("submit", (event) => event.preventDefault());
  text.addEventListener("input", filter);
  verdict.addEventListener("change", filter);
})();
