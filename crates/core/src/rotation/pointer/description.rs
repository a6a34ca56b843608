//! What a version of the parameter says of itself, in the `Description` of PutParameter.

use strum::{Display, EnumString};

/// The verification of a copy that was not compared with its source.
pub const NOT_VERIFIED: &str = "none";

/// Why a version was written.
#[derive(Clone, Copy, Debug, Display, EnumString, Eq, PartialEq)]
#[strum(serialize_all = "lowercase")]
pub enum Writer {
    /// A rotation made the table, or put back a newer copy that an older one had overwritten.
    Rotation,
    /// A person went back, or to another copy.
    Rollback,
    /// A rotation put back the pinned value.
    Pin,
}

/// The description of a version, one line that people and programs can read:
///
/// `by=rotation table=NAME execution=ARN backup=ARN verified=none`
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Description {
    /// Why the version was written.
    pub writer: Writer,
    /// ARN of the execution that wrote the version, or whose value was put back.
    pub execution: String,
    /// ARN of the recovery point that the table was made from, if known.
    pub backup: Option<String>,
    /// Whether the version was to be pinned. Only a rollback pins.
    pub pins: bool,
    /// How the table was compared with its source: `EXACT`, `SAMPLED`, `COUNTED` or [`NOT_VERIFIED`].
    pub verified: String,
}

impl Description {
    /// Returns the text for a version with this value.
    pub fn text(&self, value: &str) -> String {
        let Description { writer, execution, backup, verified, pins } = self;
        let table = name(value);
        let pin = if *pins { " pin=yes" } else { "" };
        let backup = backup.as_ref().map(|backup| format!(" backup={backup}")).unwrap_or_default();
        format!("by={writer} table={table} execution={execution}{backup} verified={verified}{pin}")
    }

    /// Reads the text of a version. Returns `None` if the text is not of this form, or is about another value: SSM may
    /// keep the description if a person writes another value without one.
    pub fn parse(text: &str, value: &str) -> Option<Description> {
        let field = |name: &str| {
            let mut fields = text.split(' ').filter_map(|part| part.split_once('='));
            fields.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
        };
        let writer = field("by")?.parse().ok()?;
        if field("table")? != name(value) {
            return None;
        }
        let verified = field("verified").unwrap_or_else(|| NOT_VERIFIED.to_owned());
        let pins = field("pin").as_deref() == Some("yes");
        Some(Description { writer, execution: field("execution")?, backup: field("backup"), verified, pins })
    }
}

/// Returns the name of the table in an ARN, or any other value as it is.
fn name(value: &str) -> &str {
    value.rsplit_once(":table/").map_or(value, |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn longest() -> (Description, String) {
        let (account, region) = ("123456789012", "us-gov-northwest-11");
        let (table, name) = ("t".repeat(255), "n".repeat(80));
        let value = format!("arn:aws-us-gov:dynamodb:{region}:{account}:table/{table}");
        let description = Description {
            writer: Writer::Rotation,
            execution: format!("arn:aws-us-gov:states:{region}:{account}:execution:{name}:{name}"),
            backup: Some(format!("{value}/backup/01772330400412-9c2f1ab7")),
            verified: "SAMPLED".to_owned(),
            pins: true,
        };
        (description, value)
    }

    #[test]
    fn the_longest_description_fits_and_is_read_back() {
        let (description, value) = longest();
        let text = description.text(&value);
        assert!(text.len() <= 1_024, "{}", text.len());
        assert_eq!(Description::parse(&text, &value), Some(description));
    }

    #[test]
    fn a_description_of_another_value_is_not_read() {
        let (description, value) = longest();
        let text = description.text(&value);
        assert_eq!(Description::parse(&text, "arn:aws:dynamodb:r:1:table/other"), None);
        for other in ["", "the newest copy", "by=hand table=t execution=e", "by=rotation execution=e"] {
            assert_eq!(Description::parse(other, "arn:aws:dynamodb:r:1:table/t"), None, "{other}");
        }
    }

    #[test]
    fn an_unknown_backup_is_left_out() {
        let description = Description { backup: None, writer: Writer::Rollback, ..longest().0 };
        let text = description.text("arn:aws:dynamodb:r:1:table/t");
        assert!(text.starts_with("by=rollback table=t execution=") && !text.contains("backup="), "{text}");
        assert_eq!(Description::parse(&text, "arn:aws:dynamodb:r:1:table/t"), Some(description));
    }
}
