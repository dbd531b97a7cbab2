//! Tables of markdown.

/// A table whose first row is its head.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for (index, row) in rows.iter().enumerate() {
        let cells = widths.iter().enumerate().map(|(column, width)| {
            let cell = row.get(column).map_or("", String::as_str);
            format!("| {cell:<width$} ")
        });
        text += &cells.collect::<String>();
        text += "|\n";
        if index == 0 {
            let rules = widths
                .iter()
                .map(|width| format!("| {} ", "-".repeat(*width)));
            text += &rules.collect::<String>();
            text += "|\n";
        }
    }
    text + "\n"
}
