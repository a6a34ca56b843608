//! Cases of `Retry`, `Catch` and their error names.

use contracts::diagnostic::Code;

use super::Case;

pub(crate) const CASES: &[Case] = &[
    Case {
        code: Code::UndeclaredError,
        at: "/States/Work/Catch/0/ErrorEquals/1",
        wrong: &[("/States/Work/Catch/0/ErrorEquals/-", "\"WorkRejected\"")],
        right: &[("/States/Work/Catch/0/ErrorEquals/-", "\"Lambda.EC2ThrottledException\"")],
    },
    Case {
        code: Code::UndeclaredError,
        at: "/States/Work/Catch/0/ErrorEquals/1",
        wrong: &[("/States/Work/Catch/0/ErrorEquals/-", "\"Lambda.ServiceExeption\"")],
        right: &[("/States/Work/Catch/0/ErrorEquals/-", "\"Runtime.ExitError\"")],
    },
    Case {
        code: Code::UndeclaredError,
        at: "/States/Work/Catch/0/ErrorEquals/1",
        wrong: &[("/States/Work/Catch/0/ErrorEquals/-", "\"Runtime.ExitErorr\"")],
        // A runtime may have names of which nothing is known.
        right: &[("/States/Work/Catch/0/ErrorEquals/-", "\"Runtime.OutOfCoffee\"")],
    },
    Case {
        code: Code::UndeclaredError,
        at: "/States/Work/Catch/0/ErrorEquals/1",
        wrong: &[("/States/Work/Catch/0/ErrorEquals/-", "\"States.HeartbeatTimedOut\"")],
        right: &[("/States/Work/Catch/0/ErrorEquals/-", "\"States.HeartbeatTimeout\"")],
    },
    Case {
        code: Code::UnhandledError,
        at: "/States/Work",
        // States.ALL matches it, but nobody decided that it should.
        wrong: &[("/States/Work/Catch/0/ErrorEquals", "[\"States.ALL\"]")],
        right: &[("/States/Work/Catch/-", r#"{"ErrorEquals": ["States.ALL"], "Next": "Refused"}"#)],
    },
    Case {
        code: Code::UnhandledError,
        at: "/States/Work",
        wrong: &[("/States/Work/Retry/0/ErrorEquals/4", "")],
        right: &[
            ("/States/Work/Retry/0/ErrorEquals/4", ""),
            ("/States/Work/Catch/0/ErrorEquals/-", "\"Lambda.Unknown\""),
        ],
    },
    Case {
        code: Code::StatesAllNotAlone,
        at: "/States/Work/Catch/0/ErrorEquals/1",
        wrong: &[("/States/Work/Catch/0/ErrorEquals/-", "\"States.ALL\"")],
        right: &[("/States/Work/Catch/-", r#"{"ErrorEquals": ["States.ALL"], "Next": "Refused"}"#)],
    },
    Case {
        code: Code::StatesAllNotLast,
        at: "/States/Work/Retry/1/ErrorEquals/0",
        wrong: &[
            ("/States/Work/Retry/-", r#"{"ErrorEquals": ["States.ALL"]}"#),
            ("/States/Work/Retry/-", r#"{"ErrorEquals": ["WorkRefused"]}"#),
        ],
        right: &[
            ("/States/Work/Retry/-", r#"{"ErrorEquals": ["WorkRefused"]}"#),
            ("/States/Work/Retry/-", r#"{"ErrorEquals": ["States.ALL"]}"#),
        ],
    },
    Case {
        code: Code::RuleNeverApplies,
        at: "/States/Work/Retry/1/ErrorEquals/0",
        wrong: &[("/States/Work/Retry/-", r#"{"ErrorEquals": ["Lambda.Unknown"]}"#)],
        right: &[("/States/Work/Retry/-", r#"{"ErrorEquals": ["WorkRefused"]}"#)],
    },
    Case {
        code: Code::RuleNeverApplies,
        at: "/States/Work/Catch/2/ErrorEquals/0",
        wrong: &[
            ("/States/Work/Catch/-", r#"{"ErrorEquals": ["States.TaskFailed"], "Next": "Refused"}"#),
            ("/States/Work/Catch/-", r#"{"ErrorEquals": ["Lambda.Unknown"], "Next": "Refused"}"#),
        ],
        // A timeout is not a failure of the task.
        right: &[
            ("/States/Work/Catch/-", r#"{"ErrorEquals": ["States.TaskFailed"], "Next": "Refused"}"#),
            ("/States/Work/Catch/-", r#"{"ErrorEquals": ["States.Timeout"], "Next": "Refused"}"#),
        ],
    },
    Case {
        code: Code::RuleNeverApplies,
        at: "/States/Work/Retry/1/MaxAttempts",
        wrong: &[("/States/Work/Retry/-", r#"{"ErrorEquals": ["WorkRefused"], "MaxAttempts": 0}"#)],
        right: &[
            ("/States/Work/Retry/-", r#"{"ErrorEquals": ["WorkRefused"], "MaxAttempts": 0}"#),
            ("/States/Work/Retry/-", r#"{"ErrorEquals": ["States.ALL"]}"#),
        ],
    },
    Case {
        code: Code::TransientErrorsNotRetried,
        at: "/States/Work/Retry",
        wrong: &[("/States/Work/Retry/0/ErrorEquals/0", "")],
        right: &[
            ("/States/Work/Retry/0/ErrorEquals/0", ""),
            ("/States/Work/Retry/-", r#"{"ErrorEquals": ["States.ALL"]}"#),
        ],
    },
];
