//! Cases of structure, fields and query language.

use contracts::diagnostic::Code;

use super::Case;

const MAP: &str = r#"{"Type": "Map", "Items": [], "ItemProcessor": {"StartAt": "One", "States": {"One": {"Type": "Pass", "End": true}}}, "Output": {}, "Next": "Pause"}"#;
const PARALLEL: &str = r#"{"Type": "Parallel", "Branches": [{"StartAt": "One", "States": {"One": {"Type": "Pass", "Output": {}, "End": true}}}], "Next": "Pause"}"#;

pub(crate) const CASES: &[Case] = &[
    // Fields.
    Case {
        code: Code::SchemaValidationFailed,
        at: "/Starts",
        wrong: &[("/Starts", "1")],
        right: &[("/Comment", "\"what it is for\"")],
    },
    Case {
        code: Code::SchemaValidationFailed,
        at: "/TimeoutSeconds",
        wrong: &[("/TimeoutSeconds", "0")],
        right: &[("/TimeoutSeconds", "1")],
    },
    Case {
        code: Code::SchemaValidationFailed,
        at: "/StartAt",
        wrong: &[("/StartAt", "")],
        right: &[("/StartAt", "\"Work\"")],
    },
    Case {
        code: Code::SchemaValidationFailed,
        at: "/States",
        wrong: &[
            ("/States", "{}"),
            ("/StartAt", ""),
            ("template:/Resources/StateMachine/Properties/DefinitionSubstitutions", "{}"),
        ],
        right: &[],
    },
    Case {
        code: Code::SchemaValidationFailed,
        at: "/States/Done/Type",
        wrong: &[("/States/Done/Type", "\"Success\"")],
        right: &[("/States/Done/Type", "\"Succeed\"")],
    },
    Case {
        code: Code::SchemaValidationFailed,
        at: "/States/Work/TimoutSeconds",
        wrong: &[("/States/Work/TimoutSeconds", "60")],
        right: &[("/States/Work/TimeoutSeconds", "61")],
    },
    Case {
        code: Code::SchemaValidationFailed,
        at: "/States/Work/ResultPath",
        wrong: &[("/States/Work/ResultPath", "\"$\"")],
        right: &[("/States/Work/Comment", "\"$\"")],
    },
    Case {
        code: Code::SchemaValidationFailed,
        at: "/States/Pause",
        wrong: &[("/States/Pause/Next", ""), ("/States/Again?", ""), ("/States/Done", "")],
        right: &[],
    },
    Case {
        code: Code::SchemaValidationFailed,
        at: "/States/Pause/End",
        wrong: &[("/States/Pause/End", "true")],
        right: &[],
    },
    Case {
        code: Code::SchemaValidationFailed,
        at: "/States/Pause/Timestamp",
        wrong: &[("/States/Pause/Timestamp", "\"2030-01-01T00:00:00Z\"")],
        right: &[("/States/Pause/Timestamp", "\"2030-01-01T00:00:00Z\""), ("/States/Pause/Seconds", "")],
    },
    Case {
        code: Code::SchemaValidationFailed,
        at: "/States/Again?/Choices/0/Variable",
        wrong: &[("/States/Again?/Choices/0/Variable", "\"$.a\"")],
        right: &[("/States/Again?/Choices/0/Comment", "\"a\"")],
    },
    Case {
        code: Code::SchemaValidationFailed,
        at: "/States/Work/Assign",
        wrong: &[("/States/Work/Assign", "[]")],
        right: &[("/States/Work/Assign", "{}")],
    },
    Case {
        code: Code::SchemaValidationFailed,
        at: "/States/Work/Retry/0/ErrorEquals",
        wrong: &[
            ("/States/Work/Retry/-", r#"{"ErrorEquals": []}"#),
            ("/States/Work/Retry/0/ErrorEquals", "[]"),
            (
                "/States/Work/Catch",
                r#"[{"ErrorEquals": ["WorkRefused", "Lambda.Unknown", "Sandbox.Timedout", "States.Timeout"], "Next": "Refused"}]"#,
            ),
            (
                "/States/Work/Retry/-",
                r#"{"ErrorEquals": ["Lambda.ServiceException", "Lambda.AWSLambdaException", "Lambda.SdkClientException", "Lambda.TooManyRequestsException", "Lambda.ClientExecutionTimeoutException"]}"#,
            ),
        ],
        right: &[],
    },
    Case {
        code: Code::SchemaValidationFailed,
        at: "/States/Work/Retry/0/BackoffRate",
        wrong: &[("/States/Work/Retry/0/BackoffRate", "0.5")],
        right: &[("/States/Work/Retry/0/BackoffRate", "1.0")],
    },
    Case {
        code: Code::SchemaValidationFailed,
        at: "/States/Work/Retry/0/JitterStrategy",
        wrong: &[("/States/Work/Retry/0/JitterStrategy", "\"SOME\"")],
        right: &[("/States/Work/Retry/0/JitterStrategy", "\"FULL\"")],
    },
    Case {
        code: Code::SchemaValidationFailed,
        at: "/States/Work/ItemProcessor",
        wrong: &[
            ("/States/Work", MAP),
            ("/States/Work/ItemProcessor", ""),
            ("/States/Refused", ""),
            ("template:/Resources/StateMachine/Properties/DefinitionSubstitutions", "{}"),
        ],
        right: &[
            ("/States/Work", MAP),
            ("/States/Refused", ""),
            ("template:/Resources/StateMachine/Properties/DefinitionSubstitutions", "{}"),
        ],
    },
    Case {
        code: Code::SchemaValidationFailed,
        at: "/States/Work/Branches/0/TimeoutSeconds",
        wrong: &[
            ("/States/Work", PARALLEL),
            ("/States/Work/Branches/0/TimeoutSeconds", "5"),
            ("/States/Refused", ""),
            ("template:/Resources/StateMachine/Properties/DefinitionSubstitutions", "{}"),
        ],
        right: &[
            ("/States/Work", PARALLEL),
            ("/States/Refused", ""),
            ("template:/Resources/StateMachine/Properties/DefinitionSubstitutions", "{}"),
        ],
    },
    Case {
        code: Code::InvalidResource,
        at: "/States/Work/Resource",
        wrong: &[
            ("/States/Work/Resource", "\"lambda:invoke\""),
            ("template:/Resources/StateMachine/Properties/DefinitionSubstitutions/Partition", ""),
        ],
        right: &[
            ("/States/Work/Resource", "\"arn:aws:states:::lambda:invoke\""),
            ("template:/Resources/StateMachine/Properties/DefinitionSubstitutions/Partition", ""),
        ],
    },
    // Names and graph.
    Case {
        code: Code::DuplicateStateName,
        at: "/States/Work/ItemProcessor/States/Done",
        wrong: &[
            ("/States/Work", MAP),
            (
                "/States/Work/ItemProcessor/States",
                r#"{"One": {"Type": "Pass", "Next": "Done"}, "Done": {"Type": "Succeed"}}"#,
            ),
            ("/States/Refused", ""),
            ("template:/Resources/StateMachine/Properties/DefinitionSubstitutions", "{}"),
        ],
        right: &[
            ("/States/Work", MAP),
            (
                "/States/Work/ItemProcessor/States",
                r#"{"One": {"Type": "Pass", "Next": "One Done"}, "One Done": {"Type": "Succeed"}}"#,
            ),
            ("/States/Refused", ""),
            ("template:/Resources/StateMachine/Properties/DefinitionSubstitutions", "{}"),
        ],
    },
    Case {
        code: Code::InvalidStateName,
        at: "/States/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        wrong: &[
            (
                "/States/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                r#"{"Type": "Succeed"}"#,
            ),
            (
                "/States/Again?/Choices/0/Next",
                "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"",
            ),
            ("/States/Done", ""),
        ],
        right: &[
            (
                "/States/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                r#"{"Type": "Succeed"}"#,
            ),
            (
                "/States/Again?/Choices/0/Next",
                "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"",
            ),
            ("/States/Done", ""),
        ],
    },
    Case {
        code: Code::MissingTransitionTarget,
        at: "/StartAt",
        wrong: &[("/StartAt", "\"Wrok\"")],
        right: &[("/StartAt", "\"Work\"")],
    },
    Case {
        code: Code::MissingTransitionTarget,
        at: "/States/Again?/Default",
        wrong: &[("/States/Again?/Default", "\"Wrok\"")],
        right: &[],
    },
    Case {
        code: Code::MissingTransitionTarget,
        at: "/States/Work/Catch/0/Next",
        wrong: &[("/States/Work/Catch/0/Next", "\"Refuse\""), ("/States/Refused", "")],
        right: &[],
    },
    Case {
        code: Code::UnreachableState,
        at: "/States/Orphan",
        wrong: &[("/States/Orphan", r#"{"Type": "Pass", "Next": "Done"}"#)],
        right: &[
            ("/States/Orphan", r#"{"Type": "Pass", "Next": "Done"}"#),
            ("/States/Again?/Choices/0/Next", "\"Orphan\""),
        ],
    },
    Case {
        code: Code::MissingEndState,
        at: "/States/Pause",
        wrong: &[("/States/Pause/Next", "\"Pause\""), ("/States/Again?", ""), ("/States/Done", "")],
        right: &[("/States/Pause/Next", "\"Done\""), ("/States/Again?", "")],
    },
    Case {
        code: Code::MissingDefault,
        at: "/States/Again?/Default",
        wrong: &[
            ("/States/Again?/Default", ""),
            ("/States/Again?/Choices/0/Condition", r#""{% $states.context.State.RetryCount > 1 %}""#),
        ],
        // The last condition is always true.
        right: &[("/States/Again?/Default", "")],
    },
    Case {
        code: Code::SchemaValidationFailed,
        at: "/QueryLanguage",
        wrong: &[
            ("/QueryLanguage", "\"Jsonata\""),
            ("/States", r#"{"Work": {"Type": "Fail"}}"#),
            ("template:/Resources/StateMachine/Properties/DefinitionSubstitutions", "{}"),
        ],
        right: &[],
    },
    Case {
        code: Code::SchemaValidationFailed,
        at: "/States/Pause/QueryLanguage",
        wrong: &[("/States/Pause/QueryLanguage", "\"JSONPath\"")],
        right: &[("/States/Pause/QueryLanguage", "\"JSONata\"")],
    },
];
