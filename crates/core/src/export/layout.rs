//! The keys of an export's files.
//!
//! All files of one table's export are in one folder, `<prefix><table>/<YYYY-MM-DD-HH-MM-SS>/`, since readers of an
//! export take a folder. If several exports begin in the same second, as a daily and a monthly schedule do, the second
//! one gets `<YYYY-MM-DD-HH-MM-SS>-2/`, and so on.
//!
//! The plan, the records of the parts and the settings are in this folder, too. In DynamoDB's own format they are
//! outside the folders that readers read: ImportTable and our own import get `AWSDynamoDB/<export>/data/` or a
//! manifest, never the folder itself.

use sha2::{Digest, Sha256};

use super::{ExportConfig, FormatName, Plan};
use crate::text::hex;

/// Maximum number of exports of a table that begin in the same second: one of each of the six schedules, and some by
/// hand.
const MOST_OF_A_SECOND: u32 = 16;

/// Returns the folder of an export whose files have this prefix: the one above `AWSDynamoDB/`, if there is one.
pub fn folder_of_export(root: &str) -> &str {
    let folder = root.find("AWSDynamoDB/").and_then(|end| root.get(..end)).unwrap_or(root);
    folder.rfind('/').and_then(|end| folder.get(..=end)).unwrap_or_default()
}

/// The full keys of an export's files, including the prefix.
#[derive(Clone, Copy, Debug)]
pub struct Layout<'a> {
    run: &'a ExportConfig,
    plan: &'a Plan,
}

/// Returns the folders that an export of a table may use, in order of preference. Other executions that began in the
/// same second may have taken the first ones.
pub fn folders(run: &ExportConfig, table_name: &str) -> impl Iterator<Item = String> {
    let first = format!("{}{table_name}/{}", run.prefix, run.timestamp);
    (1..=MOST_OF_A_SECOND).map(move |nth| match nth {
        1 => format!("{first}/"),
        _ => format!("{first}-{nth}/"),
    })
}

/// Returns the id of the export in AWS's form (`01693685827463-2d8752fd`): the start time in milliseconds, and a hash
/// of the owner and the table.
pub fn export_id(run: &ExportConfig, owner: &str, table_arn: &str) -> String {
    let digest = hex(&Sha256::digest(format!("{owner}\n{table_arn}")));
    format!("{:014}-{}", run.started_at.timestamp_millis(), digest.get(..8).unwrap_or_default())
}

impl<'a> Layout<'a> {
    /// Creates the layout of this export.
    pub fn new(run: &'a ExportConfig, plan: &'a Plan) -> Layout<'a> {
        Layout { run, plan }
    }

    /// Returns the key of the document that names the owner of the folder.
    pub fn document(&self) -> String {
        document_in(&self.plan.folder)
    }

    /// Returns the key of the table's settings.
    pub fn settings(&self) -> String {
        format!("{}settings.json", self.plan.folder)
    }

    /// Returns the common prefix of the records of the parts.
    pub fn parts(&self) -> String {
        format!("{}parts/", self.plan.folder)
    }

    /// Returns the key of the record of a part.
    pub fn part(&self, segment: u32, part: u32) -> String {
        format!("{}{segment:05}-{part:05}.json", self.parts())
    }

    /// Returns the common prefix of the lists of a snapshot's unknown items.
    pub fn unknown_folder(&self) -> String {
        format!("{}unknown/", self.plan.folder)
    }

    /// Returns the key of the list of a part's unknown items.
    pub fn unknown(&self, segment: u32, part: u32) -> String {
        format!("{}{segment:05}-{part:05}.jsonl", self.unknown_folder())
    }

    /// Returns the folder of the manifests.
    pub fn root(&self) -> String {
        let Plan { folder, export_id, .. } = self.plan;
        match self.run.format {
            FormatName::DynamodbJson => format!("{folder}AWSDynamoDB/{export_id}/"),
            FormatName::DataPipeline | FormatName::Plain => folder.clone(),
        }
    }

    /// Returns the folder of the data files.
    pub fn data_folder(&self) -> String {
        match self.run.format {
            FormatName::DynamodbJson => format!("{}data/", self.root()),
            FormatName::DataPipeline | FormatName::Plain => self.root(),
        }
    }

    /// Returns the key of the data file of a part.
    pub fn data(&self, segment: u32, part: u32) -> String {
        let ending = self.run.compression.extension();
        let folder = self.data_folder();
        match self.run.format {
            FormatName::DynamodbJson => format!("{folder}{segment:05}-{part:05}.json{ending}"),
            FormatName::DataPipeline | FormatName::Plain => {
                let (table, timestamp) = (&self.plan.table_name, &self.run.timestamp);
                let frequency = self.run.frequency;
                format!("{folder}{table}-{frequency}-{timestamp}-{segment:05}-{part:05}.json{ending}")
            }
        }
    }

    /// Returns the key of a manifest: `manifest-files.json`, `manifest-summary.json`, their `.md5`, or Data Pipeline's
    /// `manifest`.
    pub fn manifest(&self, name: &str) -> String {
        format!("{}{name}", self.root())
    }

    /// Returns whether a reader of the data folder would read this file as a data file.
    pub fn is_data(&self, key: &str) -> bool {
        let Some(name) = key.strip_prefix(&self.data_folder()) else { return false };
        match self.run.format {
            FormatName::DynamodbJson => true,
            FormatName::DataPipeline | FormatName::Plain => {
                let ours = ["export.json", "settings.json", "manifest"].contains(&name);
                !ours && !name.starts_with("manifest-") && !name.contains('/')
            }
        }
    }
}

/// Returns the key of the document in a folder that names its owner.
pub fn document_in(folder: &str) -> String {
    format!("{folder}export.json")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::testing;

    #[test]
    fn dynamodb_layout_has_a_separate_data_folder() {
        let (run, plan) = (testing::run("dynamodb-json", "gzip"), testing::plan(2));
        let layout = Layout::new(&run, &plan);
        let folder = "exports/orders/2026-03-01-02-00-00/";
        let root = format!("{folder}AWSDynamoDB/01772330400000-0d20b12c/");
        assert_eq!(layout.data(1, 12), format!("{root}data/00001-00012.json.gz"));
        assert_eq!(layout.manifest("manifest-summary.json"), format!("{root}manifest-summary.json"));
        assert_eq!(layout.part(1, 12), format!("{folder}parts/00001-00012.json"));
        assert_eq!(layout.document(), format!("{folder}export.json"));
        assert!(layout.is_data(&format!("{root}data/anything")));
        assert!(!layout.is_data(&format!("{root}manifest-files.json")));
        assert!(!layout.is_data(&format!("{folder}export.json")));
    }

    #[test]
    fn the_folder_of_an_export_is_above_its_files() {
        for (root, folder) in [
            ("a/orders/2026/AWSDynamoDB/01-x/", "a/orders/2026/"),
            ("AWSDynamoDB/01-x/", ""),
            ("a/orders/2026/", "a/orders/2026/"),
            ("a/lines.json", "a/"),
            ("", ""),
        ] {
            assert_eq!(folder_of_export(root), folder, "{root}");
        }
    }

    #[test]
    fn folders_of_the_same_second_sort_in_order() {
        let folders: Vec<_> = folders(&testing::run("plain", "none"), "orders").collect();
        assert_eq!(folders.len(), 16);
        let first = "exports/orders/2026-03-01-02-00-00";
        assert_eq!(folders[..2], [format!("{first}/"), format!("{first}-2/")]);
    }

    #[test]
    fn other_layouts_name_data_files_after_the_table() {
        for (format, compression, ending) in [("data-pipeline", "none", ""), ("plain", "zstd", ".zst")] {
            let (run, plan) = (testing::run(format, compression), testing::plan(2));
            let layout = Layout::new(&run, &plan);
            let folder = "exports/orders/2026-03-01-02-00-00/";
            let key = format!("{folder}orders-Daily-2026-03-01-02-00-00-00000-00001.json{ending}");
            assert_eq!(layout.data(0, 1), key);
            assert_eq!(layout.manifest("manifest"), format!("{folder}manifest"));
            assert!(layout.is_data(&key) && layout.is_data(&format!("{folder}by-hand.json")));
            for ours in
                ["export.json", "settings.json", "manifest", "manifest-files.md5", "parts/00000-00000.json"]
            {
                assert!(!layout.is_data(&format!("{folder}{ours}")), "{ours}");
            }
        }
    }
}
