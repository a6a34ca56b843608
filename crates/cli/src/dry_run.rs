//! The report of `--dry-run`: what a command would read, write and make.

use aws_sdk_dynamodb::types::TableDescription;
use indicatif::HumanBytes;
use serde::Serialize;
use tablekeeper_core::aws::table as table_description;

use crate::console;
use crate::console::{Console, Stream, counted};

/// Bytes that a read unit of a strongly consistent scan reads. An eventually consistent one reads twice as many.
const BYTES_OF_A_READ: u64 = 4_096;

/// What a command would do. Make it with [`Preview::new`], and add what is known.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Preview {
    dry_run: bool,
    /// What the command would do, in a sentence without a period.
    would: String,
    table: Option<TableState>,
    from: Option<Place>,
    to: Option<Place>,
    /// What the command would make, besides items.
    makes: Vec<String>,
    /// Read units that a scan of the table takes, estimated from its size.
    estimated_read_units: Option<u64>,
    /// Write units that the items take at least: one each.
    least_write_units: Option<u64>,
}

/// A table as DynamoDB describes it.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct TableState {
    name: String,
    exists: bool,
    status: Option<String>,
    /// Number of items, which DynamoDB counts about every six hours.
    item_count: Option<u64>,
    bytes: Option<u64>,
    key: Vec<String>,
}

/// A source or a destination.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Place {
    pub(crate) location: String,
    pub(crate) exists: bool,
    pub(crate) files: Option<u64>,
    /// Number of items according to a manifest.
    pub(crate) item_count: Option<u64>,
    pub(crate) bytes: Option<u64>,
}

impl Preview {
    /// Creates the preview of a command that would do this.
    pub(crate) fn new(would: String) -> Preview {
        Preview {
            dry_run: true,
            would,
            table: None,
            from: None,
            to: None,
            makes: Vec::new(),
            estimated_read_units: None,
            least_write_units: None,
        }
    }

    /// Adds an existing table.
    pub(crate) fn table(self, table: &TableDescription) -> Preview {
        Preview { table: Some(TableState::from_description(table)), ..self }
    }

    /// Adds a table that does not exist.
    pub(crate) fn missing_table(self, name: &str) -> Preview {
        Preview { table: Some(TableState { name: name.to_owned(), ..TableState::default() }), ..self }
    }

    /// Adds the source.
    pub(crate) fn from(self, place: Place) -> Preview {
        Preview { from: Some(place), ..self }
    }

    /// Adds the destination.
    pub(crate) fn to(self, place: Place) -> Preview {
        Preview { to: Some(place), ..self }
    }

    /// Adds something that would be made.
    pub(crate) fn makes(mut self, what: impl Into<String>) -> Preview {
        self.makes.push(what.into());
        self
    }

    /// Estimates the read units of a scan of the table that was added.
    pub(crate) fn scanned(self, is_consistent: bool) -> Preview {
        let bytes = self.table.as_ref().and_then(|table| table.bytes);
        let units = bytes.map(|bytes| read_units(bytes, is_consistent));
        Preview { estimated_read_units: units, ..self }
    }

    /// Adds the number of items that would be written. Each takes one write unit or more.
    pub(crate) fn writes(self, items: Option<u64>) -> Preview {
        Preview { least_write_units: items, ..self }
    }

    /// Prints the preview on stdout, and that nothing was written on stderr.
    pub(crate) fn show(&self, json: bool) -> anyhow::Result<()> {
        if json {
            console::print_json(self)?;
        } else {
            let console = Console::new(Stream::Stdout);
            console.line(&console.strong(&self.would));
            self.rows().iter().for_each(|(name, text)| console.line(&format!("  {name:<9}  {text}")));
        }
        console::print_remark("nothing was written (--dry-run)");
        Ok(())
    }

    fn rows(&self) -> Vec<(&'static str, String)> {
        let mut rows = Vec::new();
        rows.extend(self.table.as_ref().map(|table| ("table", table.text())));
        rows.extend(self.from.as_ref().map(|place| ("from", place.text())));
        rows.extend(self.to.as_ref().map(|place| ("to", place.text())));
        rows.extend(self.makes.iter().map(|what| ("makes", what.clone())));
        rows.extend(self.estimated_read_units.map(|units| ("estimated", counted(units, "read unit"))));
        let writes = |units| format!("at least {}, and more for indexes", counted(units, "write unit"));
        rows.extend(self.least_write_units.map(|units| ("estimated", writes(units))));
        rows
    }
}

impl TableState {
    fn from_description(table: &TableDescription) -> TableState {
        let number = |number: Option<i64>| number.and_then(|number| u64::try_from(number).ok());
        let names = table_description::key_names(table);
        // A description without types of its keys is still a description.
        let types = table_description::key_types(table).unwrap_or_default();
        TableState {
            name: table.table_name().unwrap_or_default().to_owned(),
            exists: true,
            status: table.table_status().map(ToString::to_string),
            item_count: number(table.item_count()),
            bytes: number(table.table_size_bytes()),
            key: names.iter().zip(types).map(|(name, of)| format!("{name} ({of})")).collect(),
        }
    }

    fn text(&self) -> String {
        let TableState { name, exists, status, item_count, bytes, key } = self;
        if !exists {
            return format!("{name} does not exist");
        }
        let mut parts = vec![status.clone().unwrap_or_else(|| "in an unknown state".to_owned())];
        parts.extend(item_count.map(|count| format!("about {}", counted(count, "item"))));
        parts.extend(bytes.map(|bytes| HumanBytes(bytes).to_string()));
        parts.push(format!("key {}", key.join(" and ")));
        format!("{name}: {}", parts.join(", "))
    }
}

impl Place {
    /// Creates a destination that does not exist yet.
    pub(crate) fn new(location: String) -> Place {
        Place { location, ..Place::default() }
    }

    /// Creates an existing place of which nothing else is known.
    pub(crate) fn existing(location: String) -> Place {
        Place { location, exists: true, ..Place::default() }
    }

    fn text(&self) -> String {
        let Place { location, exists, files, item_count, bytes } = self;
        let mut parts = Vec::new();
        parts.extend((!exists).then(|| "new".to_owned()));
        parts.extend(files.map(|files| counted(files, "file")));
        parts.extend(bytes.map(|bytes| HumanBytes(bytes).to_string()));
        parts.extend(item_count.map(|count| counted(count, "item")));
        if parts.is_empty() { location.clone() } else { format!("{location} ({})", parts.join(", ")) }
    }
}

/// Returns the read units of a scan of a table of this size.
fn read_units(bytes: u64, is_consistent: bool) -> u64 {
    let units = bytes.div_ceil(BYTES_OF_A_READ);
    if is_consistent { units } else { units.div_ceil(2) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scan_takes_a_unit_per_4_kb_or_half_a_unit() {
        assert_eq!([0, 1, 4_096, 4_097].map(|bytes| read_units(bytes, true)), [0, 1, 1, 2]);
        assert_eq!([0, 1, 8_192, 8_193].map(|bytes| read_units(bytes, false)), [0, 1, 1, 2]);
    }

    #[test]
    fn only_what_is_known_has_a_row() {
        let place =
            Place { files: Some(1), bytes: Some(10), item_count: Some(2), ..Place::new("out/".into()) };
        let preview = Preview::new("would do it".into()).missing_table("orders").to(place).makes("a file");
        assert_eq!(
            preview.rows(),
            [
                ("table", "orders does not exist".to_owned()),
                ("to", "out/ (new, 1 file, 10 B, 2 items)".to_owned()),
                ("makes", "a file".to_owned()),
            ]
        );
        assert_eq!(Preview::new(String::new()).rows(), []);
    }
}
