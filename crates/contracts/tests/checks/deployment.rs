//! Cases of the definition against the template.

use contracts::diagnostic::Code;

use super::Case;

pub(crate) const CASES: &[Case] = &[
    Case {
        code: Code::PlaceholderNotSubstituted,
        at: "/States/Refused/Cause",
        wrong: &[("/States/Refused/Cause", "\"Refused in ${Stage}.\"")],
        right: &[
            ("/States/Refused/Cause", "\"Refused in ${Stage}.\""),
            (
                "template:/Resources/StateMachine/Properties/DefinitionSubstitutions/Stage",
                r#"{"Ref": "Other"}"#,
            ),
        ],
    },
    Case {
        code: Code::UnusedSubstitution,
        at: "",
        wrong: &[(
            "template:/Resources/StateMachine/Properties/DefinitionSubstitutions/Stage",
            r#"{"Ref": "Other"}"#,
        )],
        right: &[],
    },
    Case {
        code: Code::FunctionNotInTemplate,
        at: "/States/Work/Arguments/FunctionName",
        wrong: &[(
            "template:/Resources/StateMachine/Properties/DefinitionSubstitutions/WorkFunctionArn",
            r#"{"Fn::GetAtt": ["StateMachine", "Arn"]}"#,
        )],
        // The function of another template comes as a parameter.
        right: &[(
            "template:/Resources/StateMachine/Properties/DefinitionSubstitutions/WorkFunctionArn",
            r#"{"Ref": "Other"}"#,
        )],
    },
    Case {
        code: Code::UnknownHandler,
        at: "/States/Work/Arguments/FunctionName",
        wrong: &[("template:/Resources/WorkFunction/Properties/Handler", "\"work.dot\"")],
        right: &[],
    },
    Case {
        code: Code::FunctionTimeoutNotBelowTask,
        at: "/States/Work/TimeoutSeconds",
        wrong: &[("/States/Work/TimeoutSeconds", "39")],
        right: &[("/States/Work/TimeoutSeconds", "40")],
    },
];
