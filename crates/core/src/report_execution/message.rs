//! The message about an execution that ended: text for people, JSON for programs, or a notification of a chat channel.
//!
//! The notification is the custom notification of Amazon Q Developer in chat applications, formerly AWS Chatbot
//! ("Custom notifications" in its administrator guide).

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::ended::{EndStatus, Ended};
use super::tables;
use crate::input::InvalidInput;
use crate::text::{cut, quoted};

/// Longest subject. A subject of SNS is ASCII text of less than 100 characters (API reference, Publish).
const LONGEST_SUBJECT: usize = 99;
/// Longest title of a notification, in characters.
const LONGEST_TITLE: usize = 200;

/// The form of a message.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum MessageFormat {
    /// Text for people.
    Text,
    /// The detail of the event.
    Json,
    /// A notification of a chat channel.
    Chat,
}

/// A message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Message {
    /// Subject: ASCII text of less than 100 characters.
    pub subject: String,
    /// Body of the message.
    pub body: String,
}

impl MessageFormat {
    /// Parses the value of the template's parameter `MessageFormat`.
    pub fn parse(text: &str) -> Result<MessageFormat, InvalidInput> {
        match text {
            "text" => Ok(MessageFormat::Text),
            "json" => Ok(MessageFormat::Json),
            "chat" => Ok(MessageFormat::Chat),
            _ => {
                let reason = format!("is {}; it must be text, json or chat", quoted(text));
                Err(InvalidInput { field: "MessageFormat", reason })
            }
        }
    }
}

impl Message {
    /// Makes the message about an execution.
    pub fn new(ended: &Ended, format: MessageFormat) -> Message {
        let body = match format {
            MessageFormat::Text => text(ended),
            MessageFormat::Json => json!(ended).to_string(),
            MessageFormat::Chat => chat(ended),
        };
        Message { subject: subject(ended), body }
    }
}

/// Returns the workflow, the status, the error and the tables.
fn headline(ended: &Ended) -> String {
    let Ended { workflow, status, error, .. } = ended;
    let error = error.as_ref().map(|error| format!(" ({error})")).unwrap_or_default();
    let tables = names(ended);
    let tables = if tables.is_empty() { String::new() } else { format!(": {}", tables.join(", ")) };
    format!("{workflow} {status}{error}{tables}")
}

fn names(ended: &Ended) -> Vec<&str> {
    ended.tables.iter().map(|arn| tables::name(arn)).collect()
}

fn subject(ended: &Ended) -> String {
    let printable = |letter: char| if matches!(letter, ' '..='~') { letter } else { '?' };
    headline(ended).chars().map(printable).take(LONGEST_SUBJECT).collect()
}

/// Returns the lines that say what happened, without the first sentence.
fn lines(ended: &Ended) -> Vec<String> {
    let Ended { outcome, reason, .. } = ended;
    let tables = names(ended);
    let tables = (!tables.is_empty()).then(|| format!("Tables: {}", tables.join(", ")));
    let reason = reason.as_ref().map(|reason| format!("Reason: {reason}"));
    outcome.iter().cloned().chain(tables).chain(reason).collect()
}

/// Returns what can be done next.
fn next_steps(ended: &Ended) -> Vec<String> {
    let explain = ended.error.as_ref().map(|error| format!("tablekeeper explain {error}"));
    explain.filter(|_| ended.status != EndStatus::Succeeded).into_iter().collect()
}

fn text(ended: &Ended) -> String {
    let Ended { sentence, name, started_at, ended_at, page, console, .. } = ended;
    let mut text = vec![sentence.clone()];
    text.extend(lines(ended));
    text.push(String::new());
    text.push(format!("Execution: {name}"));
    text.push(format!("Started: {}", started_at.format("%Y-%m-%d %H:%M:%S UTC")));
    text.push(format!("Ended: {}", ended_at.format("%Y-%m-%d %H:%M:%S UTC")));
    text.push(format!("Report: {page}"));
    text.push(format!("Console: {console}"));
    text.extend(next_steps(ended).into_iter().map(|step| format!("Meaning of the error: {step}")));
    text.join("\n") + "\n"
}

fn chat(ended: &Ended) -> String {
    let mark = if ended.status == EndStatus::Succeeded { ":white_check_mark:" } else { ":x:" };
    let mut description = vec![plain(&ended.sentence)];
    description.extend(lines(ended).iter().map(|line| plain(line)));
    description.push(format!("Report: {}", plain(&ended.page)));
    description.push(ended.console.clone());
    let content = Content {
        text_type: "client-markdown",
        title: cut(format!("{mark} {}", plain(&headline(ended))), LONGEST_TITLE),
        description: description.join("\n"),
        next_steps: next_steps(ended),
    };
    json!({
        "version": "1.0",
        "source": "custom",
        "content": content,
        "metadata": {
            "summary": plain(&ended.sentence),
            "eventType": "Tablekeeper Execution Ended",
            "relatedResources": [ended.execution_arn],
        },
    })
    .to_string()
}

/// The content of a notification.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Content {
    text_type: &'static str,
    title: String,
    description: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    next_steps: Vec<String>,
}

/// Takes the meaning from characters with which a chat's markup mentions people and makes links.
fn plain(text: &str) -> String {
    text.replace('<', "‹").replace('>', "›").replace('@', "＠")
}

#[cfg(test)]
mod tests {
    use execution_report::{Execution, Failure};
    use serde_json::Value;

    use super::*;
    use crate::report_execution::ended::tests::{ended, execution};

    #[test]
    fn text_says_what_happened_and_where_the_report_is() {
        let message = Message::new(&ended(execution()).unwrap(), MessageFormat::Text);
        assert_eq!(message.subject, "rotate-restore FAILED (RestoreFailed): orders");
        let expected = "rotate-restore failed by RestoreFailed after 1 h.\nTables: orders\nReason: the key is gone\n\n\
            Execution: one\nStarted: 2027-01-15 08:00:00 UTC\nEnded: 2027-01-15 09:00:00 UTC\n\
            Report: s3://b/one.html\nConsole: https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1\
            #/v2/executions/details/arn:aws:states:eu-west-1:123456789012:execution:StateMachine-a1:one\n\
            Meaning of the error: tablekeeper explain RestoreFailed\n";
        assert_eq!(message.body, expected);
    }

    #[test]
    fn json_is_the_detail_of_the_event() {
        let ended = ended(execution()).unwrap();
        let body = Message::new(&ended, MessageFormat::Json).body;
        assert_eq!(serde_json::from_str::<Ended>(&body).unwrap(), ended);
    }

    #[test]
    fn a_chat_gets_a_custom_notification_that_mentions_nobody() {
        let failure = Failure::new("E", "<!channel> and @here");
        let of = Execution { failure: Some(failure), ..execution() };
        let body = Message::new(&ended(of).unwrap(), MessageFormat::Chat).body;
        let notification: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((&notification["version"], &notification["source"]), (&json!("1.0"), &json!("custom")));
        let content = &notification["content"];
        assert_eq!(content["textType"], "client-markdown");
        assert_eq!(content["title"], ":x: rotate-restore FAILED (E): orders");
        assert_eq!(content["nextSteps"], json!(["tablekeeper explain E"]));
        let description = content["description"].as_str().unwrap();
        assert!(description.contains("Reason: ‹!channel› and ＠here\nReport: s3://b/one.html\nhttps://"));
        assert!(!body.contains("secret"), "{body}");
    }

    #[test]
    fn a_subject_is_ascii_and_short() {
        let mut long = ended(execution()).unwrap();
        long.error = Some("Größe\n".repeat(40));
        let subject = Message::new(&long, MessageFormat::Text).subject;
        assert!(subject.starts_with("rotate-restore FAILED (Gr??e?") && subject.is_ascii(), "{subject}");
        assert_eq!(subject.len(), LONGEST_SUBJECT);
    }

    #[test]
    fn only_the_formats_of_the_parameter_are_accepted() {
        assert_eq!(MessageFormat::parse("chat"), Ok(MessageFormat::Chat));
        let error = MessageFormat::parse("xml").unwrap_err().to_string();
        assert_eq!(error, "MessageFormat is `xml`; it must be text, json or chat");
    }
}
