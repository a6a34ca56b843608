"""Values that users may rightly give: every parameter with an AllowedPattern has some, and its pattern has to take them.

The first value of a parameter is also what it is when its default is not: it makes the conditions that ask for it true.
"""

TOPICS = [
    "arn:aws:sns:eu-central-1:111111111111:alarms",
    "arn:aws-cn:sns:cn-north-1:111111111111:alarms_2",
    "arn:aws-us-gov:sns:us-gov-west-1:111111111111:Alarms-3",
]
STATE_MACHINES = [
    "arn:aws:states:eu-central-1:111111111111:stateMachine:StateMachine-a1B2c3",
    "arn:aws-cn:states:cn-north-1:111111111111:stateMachine:sync_settings",
]
TABLES = ["orders", "or?ers-*", "*", "Orders_2.v1-production"]
BUCKETS = ["exports", "111111111111-dynamodb-backup", "exports.example.org"]
PREFIXES = ["items/", "a/b=c/2026.01/", "A_b-c/"]
ROLE_NAMES = ["role", "a+b=c,d.e@f-g_h", "R" * 64]

PERCENTAGES = ["0", "0.5", "12.25", "100", "100.0", ""]

SAMPLES = {
    "AlarmTopicARN": TOPICS,
    "AllowedDifferencePercent": PERCENTAGES,
    "CheckFunctionArn": [
        "arn:aws:lambda:eu-central-1:111111111111:function:check-orders",
        "arn:aws-cn:lambda:cn-north-1:111111111111:function:check_orders:live",
    ],
    "BackupBucketSuffix": ["backup", "dynamodb-backup", "backup.eu-west-1"],
    "BackupSNSTopicARN": TOPICS,
    "BucketName": BUCKETS,
    "CaptureSchedule": ["rate(1 day)", "cron(0 3 * * ? *)"],
    "CaptureTables": ["orders,customers"],
    "DataPipelineRoleName": ROLE_NAMES,
    "DefaultEbsEncryptionKeyArn": [
        "arn:aws:kms:eu-central-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        "arn:aws-cn:kms:cn-north-1:111111111111:key/mrk-1234abcd12ab34cd56ef1234567890ab",
    ],
    "DestinationAccount": ["222222222222"],
    "DestinationAccountBucketName": BUCKETS,
    "EnableCrossAccountReplication": ["true"],
    "EvidenceBucketName": BUCKETS,
    "ExportBucketName": [*BUCKETS, "*-dynamodb-backup", "exports-?"],
    "ExportPrefix": PREFIXES,
    "FailuresPrefix": PREFIXES,
    "Format": ["data-pipeline"],
    "IncrementalPrefix": PREFIXES,
    "IncrementalTableName": ["orders", "my.Orders_v-2"],
    "ItemBucketName": BUCKETS,
    "ItemPrefixes": ["tables/", "orders=items/, Customers.v1_a=a/b-c/,tables/", "orders="],
    "NoncurrentDays": ["30"],
    "NewerNoncurrentVersions": ["5"],
    "ReservedConcurrency": ["100"],
    "IncrementalStack": ["tablekeeper-incremental", "i"],
    "KeepManual": ["30"],
    "MoreTablesPattern": TABLES,
    "MostLossSeconds": ["600", "31622400"],
    "NotificationTopicARN": TOPICS,
    "PricePerGB": ["0.25", "1"],
    "ReaderArns": ["arn:aws:iam::111111111111:role/reader"],
    "ReplacementPattern": ["-staging", "$1_copy", "${name}.v2", ""],
    "ReportBucketName": BUCKETS,
    "ReportPrefix": PREFIXES,
    "ReplicationPrefix": ["orders/", "exports/orders/2026-", "a/b=c/!_."],
    "ReplicationRoleName": ROLE_NAMES,
    "RestoreRoleArn": [
        "arn:aws:iam::111111111111:role/service-role/AWSBackupDefaultServiceRole",
        "arn:aws-us-gov:iam::111111111111:role/a+b=c,d.e@f",
        "arn:aws-cn:iam::111111111111:role/r",
    ],
    "RestoreTablePattern": TABLES,
    "RulesKey": ["rules/production.yaml", "rules/a/b_c-1.yml", "rules/all.json"],
    "SSEKMSMasterKeyId": [
        "arn:aws:kms:eu-central-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        "arn:aws-us-gov:kms:us-gov-west-1:111111111111:alias/tables/orders",
        "alias/orders_1",
        "mrk-1234abcd12ab34cd56ef1234567890ab",
    ],
    "SSMParameterName": ["/staging/$1/table", "table", "/a.b-c_d/${name}"],
    "SSMParameterPattern": ["staging/*", "*", "table-?"],
    "SSMParameterPrefixes": ["/staging/", "/staging/, table,/a.b-c_d/"],
    "StateMachineARNs": [
        "arn:aws:states:eu-central-1:111111111111:stateMachine:StateMachine-a1B2c3",
        "arn:aws-cn:states:cn-north-1:111111111111:stateMachine:a, "
        "arn:aws-cn:states:cn-north-1:111111111111:stateMachine:b_c",
    ],
    "StateMachinePattern": ["tablekeeper-*", "*", "State?achine_1"],
    "SSMParameterNamePattern": ["staging/*", "*", "table-?"],
    "RestoreTestingPlanArn": [
        "*",
        "arn:aws:backup:eu-central-1:111111111111:restore-testing-plan:weekly-1f1b3c5e-0b7d-4c62-9b1a-5d0e8f2a7c44",
        "arn:aws-cn:backup:cn-north-1:111111111111:restore-testing-plan:all_tables",
    ],
    "ScheduleExpression": ["rate(1 day)", "cron(0 3 ? * SUN#1 *)"],
    "SettingsBucketName": BUCKETS,
    "SnapshotPrefix": PREFIXES,
    "SourceAccountId": ["111111111111"],
    "SourceAccountS3RoleName": ROLE_NAMES,
    "SourcePattern": ["(?i)-production$", ".", r"^(\w+)-(?P<stage>prod|live)$"],
    "SourceRoleArn": [
        "arn:aws:iam::222222222222:role/reader",
        "arn:aws-cn:iam::222222222222:role/path/to/reader",
    ],
    "SourceTablePattern": TABLES,
    "StreamArn": [
        "arn:aws:dynamodb:eu-central-1:111111111111:table/orders/stream/2026-11-29T00:00:00.000",
        "arn:aws-us-gov:dynamodb:us-gov-west-1:111111111111:table/a.b_c-1/stream/2026-11-29T00:00:00.000",
        "arn:aws-cn:dynamodb:cn-northwest-1:111111111111:table/abc/stream/2026-11-29T00:00:00.000",
    ],
    "StreamArns": [
        ",".join(
            f"arn:aws:dynamodb:eu-central-1:111111111111:table/{table}/stream/2026-11-29T00:00:00.000"
            for table in ("customers", "in.voices_1")
        ),
        "arn:aws-cn:dynamodb:cn-northwest-1:111111111111:table/abc/stream/2026-11-29T00:00:00.000",
    ],
    "SyncSettingsStateMachineArn": STATE_MACHINES,
    "TableNamePattern": ["-production$", "^orders"],
    "TableNames": ["orders", "orders, customers.v1,a_b-c"],
    "TablePattern": TABLES,
    "TableTag": ["BackupEnabled=true", "aws:cloudformation:stack-name=a", "team/owner=", "Größe=x+y@z:1"],
    "TablesPrefix": PREFIXES,
    "TargetTablePattern": TABLES,
    "VerifyAllowedDifferencePercent": PERCENTAGES,
    "VerifyTableStateMachineArn": STATE_MACHINES,
    "WatchedTables": ["orders", "orders,customers.v1,a_b-c"],
}

# What has to be given together, as docs/deploying.md says: where a parameter has this value, these have their samples.
TOGETHER = {("EnableCrossAccountReplication", "true"): ["DestinationAccount", "DestinationAccountBucketName"]}
