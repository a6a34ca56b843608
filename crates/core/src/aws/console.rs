//! Addresses of pages of the AWS console.

use super::arn::Arn;

/// Returns the address of an execution by its ARN. `None` if the text is not an ARN.
pub fn execution(arn: &str) -> Option<String> {
    let Arn { partition, region, .. } = Arn::parse(arn)?;
    let console = console(partition, region);
    Some(format!("{console}/states/home?region={region}#/v2/executions/details/{arn}"))
}

/// Returns the address of a table by its ARN. `None` if the text is not the ARN of a table.
pub fn table(arn: &str) -> Option<String> {
    let table = Arn::parse(arn)?;
    let (name, region) = (table.table_name()?, table.region);
    Some(format!("{}/dynamodbv2/home?region={region}#table?name={name}", console(table.partition, region)))
}

fn console(partition: &str, region: &str) -> String {
    let domain = match partition {
        "aws-cn" => "console.amazonaws.cn",
        "aws-us-gov" => "console.amazonaws-us-gov.com",
        _ => "console.aws.amazon.com",
    };
    format!("https://{region}.{domain}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_console_is_that_of_the_partition() {
        let arn = "arn:aws-cn:states:cn-north-1:123456789012:execution:M:n";
        let page =
            "https://cn-north-1.console.amazonaws.cn/states/home?region=cn-north-1#/v2/executions/details/";
        assert_eq!(execution(arn), Some(format!("{page}{arn}")));
        let arn = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders";
        let page =
            "https://eu-west-1.console.aws.amazon.com/dynamodbv2/home?region=eu-west-1#table?name=orders";
        assert_eq!(table(arn).as_deref(), Some(page));
        assert_eq!((table("orders"), execution("one")), (None, None));
    }
}
