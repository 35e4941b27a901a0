/**
 * Sorts the table of tests by a column and filters it; without it the page is complete, in the order
 * of energy. Reads `data-v` where a cell has one, else its text.
 */
export const script = `
for (const table of document.querySelectorAll('table[data-sort]')) {
  const body = table.tBodies[0], heads = [...table.tHead.rows[0].cells]
  const value = (row, i) => row.cells[i].dataset.v ?? row.cells[i].textContent
  heads.forEach((head, i) => {
    const button = document.createElement('button')
    button.type = 'button'
    button.append(...head.childNodes)
    head.append(button)
    button.onclick = () => {
      const number = head.dataset.sort === 'number'
      const up = number ? head.ariaSort === 'descending' : head.ariaSort !== 'ascending'
      for (const other of heads) other.ariaSort = null
      head.ariaSort = up ? 'ascending' : 'descending'
      const way = up ? 1 : -1
      const order = (a, b) => way * (number
        ? Number(value(a, i)) - Number(value(b, i))
        : value(a, i).localeCompare(value(b, i)))
      const rows = [...body.rows], blank = (row) => number && value(row, i) === ''
      body.append(...rows.filter((row) => !blank(row)).sort(order), ...rows.filter(blank))
    }
  })
  const input = document.createElement('input')
  input.type = 'search'
  input.placeholder = 'Filter tests'
  input.ariaLabel = 'Filter tests by name or file'
  input.oninput = () => {
    const wanted = input.value.toLowerCase()
    for (const row of body.rows) row.hidden = !row.textContent.toLowerCase().includes(wanted)
  }
  table.parentElement.before(input)
}
`
