//! Where the files of an export lie.
//!
//! Everything of one table's export is in one folder, `<prefix><table>/<YYYY-MM-DD-HH-MM-SS>/`, since what reads an
//! export back takes a folder. Where several begin in one second, as a daily and a monthly schedule do, the second one
//! gets `<YYYY-MM-DD-HH-MM-SS>-2/`, and so on. What is ours (the plan, the records of parts, the settings) lies beside what readers
//! read: ImportTable and our own import are pointed at `AWSDynamoDB/<export>/data/` or at a manifest, never at the
//! folder itself, where the format is DynamoDB's own.

use sha2::{Digest, Sha256};

use super::{ExportConfig, ExportFormat, Plan};
use crate::text::hex;

/// The most exports of a table that begin in one second: each of the six schedules, and some by hand.
const MOST_OF_A_SECOND: u32 = 16;

/// The keys of an export's files: whole keys, the prefix included.
#[derive(Clone, Copy, Debug)]
pub struct Layout<'a> {
    run: &'a ExportConfig,
    plan: &'a Plan,
}

/// The folders that a table's export may have, in the order in which they are taken: another execution that began in
/// the same second may have the first ones.
pub fn folders(run: &ExportConfig, table_name: &str) -> impl Iterator<Item = String> {
    let first = format!("{}{table_name}/{}", run.prefix, run.timestamp);
    (1..=MOST_OF_A_SECOND).map(move |nth| match nth {
        1 => format!("{first}/"),
        _ => format!("{first}-{nth}/"),
    })
}

/// The export's id, in the form of AWS's (`01693685827463-2d8752fd`): when it began, in milliseconds, and who made it of
/// which table.
pub fn export_id(run: &ExportConfig, owner: &str, table_arn: &str) -> String {
    let digest = hex(&Sha256::digest(format!("{owner}\n{table_arn}")));
    format!("{:014}-{}", run.started_at.timestamp_millis(), digest.get(..8).unwrap_or_default())
}

impl<'a> Layout<'a> {
    /// Of this export.
    pub fn new(run: &'a ExportConfig, plan: &'a Plan) -> Layout<'a> {
        Layout { run, plan }
    }

    /// The document that says whose the folder is.
    pub fn document(&self) -> String {
        document_in(&self.plan.folder)
    }

    /// The table's settings.
    pub fn settings(&self) -> String {
        format!("{}settings.json", self.plan.folder)
    }

    /// What the keys of the records of parts begin with.
    pub fn parts(&self) -> String {
        format!("{}parts/", self.plan.folder)
    }

    /// The record of a part.
    pub fn part(&self, segment: u32, part: u32) -> String {
        format!("{}{segment:05}-{part:05}.json", self.parts())
    }

    /// What the keys of the lists of a snapshot's unknown items begin with.
    pub fn unknown_folder(&self) -> String {
        format!("{}unknown/", self.plan.folder)
    }

    /// The list of a part's unknown items.
    pub fn unknown(&self, segment: u32, part: u32) -> String {
        format!("{}{segment:05}-{part:05}.jsonl", self.unknown_folder())
    }

    /// The folder of the manifests.
    pub fn root(&self) -> String {
        let Plan { folder, export_id, .. } = self.plan;
        match self.run.format {
            ExportFormat::DynamodbJson => format!("{folder}AWSDynamoDB/{export_id}/"),
            ExportFormat::DataPipeline | ExportFormat::Plain => folder.clone(),
        }
    }

    /// The folder of the data files.
    pub fn data_folder(&self) -> String {
        match self.run.format {
            ExportFormat::DynamodbJson => format!("{}data/", self.root()),
            ExportFormat::DataPipeline | ExportFormat::Plain => self.root(),
        }
    }

    /// The data file of a part.
    pub fn data(&self, segment: u32, part: u32) -> String {
        let ending = item_formats::Compression::from(self.run.compression).extension();
        let folder = self.data_folder();
        match self.run.format {
            ExportFormat::DynamodbJson => format!("{folder}{segment:05}-{part:05}.json{ending}"),
            ExportFormat::DataPipeline | ExportFormat::Plain => {
                let (table, timestamp) = (&self.plan.table_name, &self.run.timestamp);
                let frequency = self.run.frequency;
                format!("{folder}{table}-{frequency}-{timestamp}-{segment:05}-{part:05}.json{ending}")
            }
        }
    }

    /// A manifest: `manifest-files.json`, `manifest-summary.json`, their `.md5`, or Data Pipeline's `manifest`.
    pub fn manifest(&self, name: &str) -> String {
        format!("{}{name}", self.root())
    }

    /// Whether a file would be read as one of the export's data files by what is pointed at their folder.
    pub fn is_data(&self, key: &str) -> bool {
        let Some(name) = key.strip_prefix(&self.data_folder()) else { return false };
        match self.run.format {
            ExportFormat::DynamodbJson => true,
            ExportFormat::DataPipeline | ExportFormat::Plain => {
                let ours = ["export.json", "settings.json", "manifest"].contains(&name);
                !ours && !name.starts_with("manifest-") && !name.contains('/')
            }
        }
    }
}

/// The document in a folder that says whose it is.
pub fn document_in(folder: &str) -> String {
    format!("{folder}export.json")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::testing;

    #[test]
    fn dynamodbs_layout_has_its_data_files_in_a_folder_of_their_own() {
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
    fn exports_of_one_second_have_folders_that_sort_one_after_the_other() {
        let folders: Vec<_> = folders(&testing::run("plain", "none"), "orders").collect();
        assert_eq!(folders.len(), 16);
        let first = "exports/orders/2026-03-01-02-00-00";
        assert_eq!(folders[..2], [format!("{first}/"), format!("{first}-2/")]);
    }

    #[test]
    fn the_other_layouts_have_them_in_the_folder_itself_by_the_tables_name() {
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
