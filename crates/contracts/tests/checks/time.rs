//! Cases of time limits and of the local engine.

use contracts::diagnostic::Code;

use super::Case;

const WITHOUT_SUBSTITUTIONS: (&str, &str) =
    ("template:/Resources/StateMachine/Properties/DefinitionSubstitutions", "{}");

pub(crate) const CASES: &[Case] = &[
    Case { code: Code::MissingTimeout, at: "/TimeoutSeconds", wrong: &[("/TimeoutSeconds", "")], right: &[] },
    Case {
        code: Code::MissingTimeout,
        at: "/States/Work/TimeoutSeconds",
        wrong: &[("/States/Work/TimeoutSeconds", "")],
        right: &[],
    },
    Case {
        code: Code::HeartbeatNotBelowTimeout,
        at: "/States/Work/HeartbeatSeconds",
        wrong: &[("/States/Work/HeartbeatSeconds", "60")],
        right: &[("/States/Work/HeartbeatSeconds", "59")],
    },
    Case {
        code: Code::LoopWithoutWait,
        at: "/States/Again?",
        wrong: &[("/States/Work/Next", "\"Again?\""), ("/States/Pause", "")],
        right: &[
            ("/States/Work/Next", "\"Again?\""),
            ("/States/Pause", ""),
            ("/States/Work/Comment", "\"Each turn takes one page. contracts:bounded-loop\""),
        ],
    },
    Case {
        code: Code::LoopWithoutWait,
        at: "/States/Work",
        wrong: &[("/States/Work/Catch/0/Next", "\"Work\""), ("/States/Refused", "")],
        right: &[
            ("/States/Work/Catch/0/Next", "\"Pause\""),
            ("/States/Work/Catch/0/Output", "{}"),
            ("/States/Refused", ""),
        ],
    },
    Case {
        code: Code::IgnoredByLocalEngine,
        at: "/States/Done/Output",
        wrong: &[("/States/Done/Output", "{}")],
        right: &[("/States/Pause/Output", "{}")],
    },
    Case {
        code: Code::IgnoredByLocalEngine,
        at: "/States/Again?/Output",
        wrong: &[("/States/Again?/Output", "{}")],
        right: &[("/States/Again?/Choices/0/Output", "{}")],
    },
    Case {
        code: Code::IgnoredByLocalEngine,
        at: "/States/Work/HeartbeatSeconds",
        wrong: &[("/States/Work/HeartbeatSeconds", "5")],
        right: &[],
    },
    Case {
        code: Code::IgnoredByLocalEngine,
        at: "/States/Pause/Assign/b",
        wrong: &[
            ("/States/Work/Assign", r#"{"a": 1}"#),
            ("/States/Pause/Assign", r#"{"a": 2, "b": "{% $a %}"}"#),
        ],
        right: &[
            ("/States/Work/Assign", r#"{"a": 1}"#),
            ("/States/Pause/Assign", r#"{"a": "{% $a + 1 %}", "b": 2}"#),
        ],
    },
    Case {
        code: Code::IgnoredByLocalEngine,
        at: "/States/Work/Branches/1/States/Two/Assign/a",
        wrong: &[
            (
                "/States/Work",
                r#"{"Type": "Parallel", "Branches": [{"StartAt": "One", "States": {"One": {"Type": "Pass", "Assign": {"a": 1}, "End": true}}}, {"StartAt": "Two", "States": {"Two": {"Type": "Pass", "Assign": {"a": 1}, "End": true}}}], "Next": "Pause"}"#,
            ),
            ("/States/Refused", ""),
            ("/States/Again?/Default", "\"Done\""),
            WITHOUT_SUBSTITUTIONS,
        ],
        right: &[
            (
                "/States/Work",
                r#"{"Type": "Parallel", "Branches": [{"StartAt": "One", "States": {"One": {"Type": "Pass", "Assign": {"a": 1}, "End": true}}}, {"StartAt": "Two", "States": {"Two": {"Type": "Pass", "Assign": {"b": 1}, "End": true}}}], "Next": "Pause"}"#,
            ),
            ("/States/Refused", ""),
            ("/States/Again?/Default", "\"Done\""),
            WITHOUT_SUBSTITUTIONS,
        ],
    },
];
