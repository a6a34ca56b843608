"""Compares two tables as a hand-written script does: both in memory, by their keys."""
import boto3

client = boto3.client("dynamodb")


def items(table):
    pages = client.get_paginator("scan").paginate(TableName=table)
    return {item["id"]["S"]: item for page in pages for item in page["Items"]}


left, right = items("left"), items("right")
both = left.keys() & right.keys()
print("missing", len(left.keys() - right.keys()))
print("extra", len(right.keys() - left.keys()))
print("changed", sum(left[key] != right[key] for key in both))
