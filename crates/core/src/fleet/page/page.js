(() => {
  const table = document.querySelector("table.fleet");
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const heads = [...table.tHead.rows[0].cells];
  const shown = document.getElementById("shown");
  const filter = document.getElementById("filter");
  const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));

  const value = (row, column) => row.cells[column].dataset.sort;
  const sort = (column) => {
    const head = heads[column];
    const descending = head.getAttribute("aria-sort") === "ascending";
    heads.forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", descending ? "descending" : "ascending");
    const compare = "number" in head.dataset
      ? (one, other) => value(one, column) - value(other, column)
      : (one, other) => value(one, column).localeCompare(value(other, column));
    rows.sort((one, other) => (descending ? compare(other, one) : compare(one, other)));
    body.append(...rows);
  };
  heads.forEach((head, column) => {
    const button = head.querySelector("button");
    if (button) button.addEventListener("click", () => sort(column));
  });

  const apply = () => {
    const wanted = filter.value.trim().toLowerCase();
    let count = 0;
    for (const row of rows) {
      row.hidden = !texts.get(row).includes(wanted);
      if (!row.hidden) count += 1;
    }
    shown.textContent = count === rows.length ? `${count} tables` : `${count} of ${rows.length} tables`;
  };
  filter.addEventListener("input", apply);
  apply();
})();
