//! The name of a function or state machine in a reference to it.

use crate::inline::kebab;

/// Returns `check-restore` for `${CheckRestoreFunctionArn}`, for `arn:…:function:check-restore:live` and for itself.
pub(super) fn plain(reference: &str, what: &str) -> String {
    let Some(placeholder) = reference.strip_prefix("${").and_then(|name| name.strip_suffix('}')) else {
        if !reference.starts_with("arn:") {
            // A logical id has the form of a placeholder's name; a function's name may have it, too.
            let name = reference.split(':').next().unwrap_or(reference);
            let is_id = name.starts_with(char::is_uppercase) && name.chars().all(char::is_alphanumeric);
            return if is_id { of_placeholder(name, what) } else { name.to_owned() };
        }
        let marker = format!(":{}:", lower_first(what));
        let markers = [marker.as_str(), ":activity:"];
        let name = markers.iter().find_map(|marker| reference.split_once(marker)).map(|(_, name)| name);
        return name.and_then(|name| name.split(':').next()).unwrap_or(reference).to_owned();
    };
    of_placeholder(placeholder, what)
}

fn of_placeholder(placeholder: &str, what: &str) -> String {
    // `${Work.Arn}` is what `Fn::Sub` has.
    let name = [".Arn", "Arn", "Name"].iter().find_map(|ending| placeholder.strip_suffix(ending));
    let name = name.unwrap_or(placeholder);
    kebab(name.strip_suffix(what).unwrap_or(name))
}

fn lower_first(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn a_function_is_found_by_placeholder_arn_or_name() {
        for reference in [
            "${CheckRestoreFunctionArn}",
            "${CheckRestoreFunctionName}",
            "${CheckRestoreFunction.Arn}",
            "${CheckRestore}",
            "CheckRestoreFunction",
            "arn:aws:lambda:eu-west-1:123456789012:function:check-restore",
            "arn:aws:lambda:eu-west-1:123456789012:function:check-restore:live",
            "arn:aws:states:eu-west-1:123456789012:activity:check-restore",
            "check-restore",
            "check-restore:live",
        ] {
            assert_eq!(plain(reference, "Function"), "check-restore", "{reference}");
        }
        let machine = "arn:aws:states:eu-west-1:123456789012:stateMachine:backfill";
        assert_eq!(plain(machine, "StateMachine"), "backfill");
        assert_eq!(plain("${BackfillStateMachineArn}", "StateMachine"), "backfill");
    }
}
