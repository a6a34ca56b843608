"""A handler of a DynamoDB stream that puts each record as an object, for comparison with stream-backup.

    python handler.py BATCHES

invokes it with each line of a file. AWS_ENDPOINT_URL names the endpoint of S3.
"""

import hashlib
import json
import sys

import boto3

BUCKET = "changes"
PREFIX = "items/"

s3 = boto3.client("s3")


def handler(event, _context):
    for record in event["Records"]:
        change = record["dynamodb"]
        item_key = json.dumps(change["Keys"], separators=(",", ":"))
        digest = hashlib.sha256(item_key.encode()).hexdigest()
        key = f"{PREFIX}{digest[:2]}/{digest}"
        if record["eventName"] == "REMOVE":
            s3.delete_object(Bucket=BUCKET, Key=key)
            continue
        s3.put_object(
            Bucket=BUCKET,
            Key=key,
            Body=json.dumps(change["NewImage"]).encode(),
            ContentType="application/json",
            Metadata={
                "sequence-number": change["SequenceNumber"],
                "event-time": str(change["ApproximateCreationDateTime"]),
                "event-name": record["eventName"],
            },
        )


with open(sys.argv[1], encoding="utf-8") as batches:
    for batch in batches:
        handler(json.loads(batch), None)
