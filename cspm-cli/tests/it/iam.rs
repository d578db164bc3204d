//! `cspm iam evaluate`: the batch contract.

use serde_json::{Value, json};

use crate::support::{Folder, cspm, cspm_reading, gzip};

/// A request that carries every kind of policy; the one that decides is the identity policy.
fn request() -> Value {
    let allow = |actions: &str| json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]});
    json!({
        "id": "1",
        "principal": "arn:aws:iam::111122223333:user/u",
        "action": "s3:GetObject",
        "resource": "arn:aws:s3:::b/k",
        "resource_account": "111122223333",
        "context": {"aws:SourceIp": "203.0.113.9"},
        "context_complete": true,
        "identity_policies": [allow("s3:Get*")],
        "permission_boundaries": [allow("s3:*")],
        "service_control_policies": [[allow("*")], [allow("s3:*")]],
        "resource_control_policies": [[allow("*")]],
        "endpoint_policies": [allow("*")],
    })
}

#[test]
fn answers_come_one_a_line_and_in_order() {
    let mut denied = request();
    denied["id"] = json!("2");
    denied["service_control_policies"] = json!([[], []]);
    let mut open = request();
    open["id"] = json!(3);
    open["context"] = json!({});
    open["context_complete"] = json!(false);
    open["identity_policies"][0]["Statement"][0]["Condition"] =
        json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}});
    let input = format!("{}\n\n{denied}\r\n{open}", request());
    let run = cspm_reading(input.as_bytes(), ["iam", "evaluate", "-"]).ends_with(0);
    assert_eq!(run.err, "");
    let first = "{\"id\":\"1\",\"decision\":\"allow\",\"certain\":true,\"conditions\":[],\"because\":[\"/identity_policies/0/Statement/0\"";
    assert!(run.text().starts_with(first), "{}", run.text());
    let lines = run.lines();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[1]["id"], "2");
    assert_eq!(lines[1]["decision"], "implicit_deny");
    assert_eq!(lines[2]["id"], 3);
    assert_eq!(lines[2]["decision"], "allow");
    assert_eq!(lines[2]["certain"], false);
    assert_eq!(
        lines[2]["conditions"][0]["key"],
        "aws:MultiFactorAuthPresent"
    );
    assert_eq!(lines[2]["conditions"][0]["setter"], "outside");

    let folder = Folder::new();
    let path = folder.file("requests.jsonl", &input);
    assert_eq!(cspm(["iam", "evaluate", &path]).ends_with(0).out, run.out);
    let packed = folder.file("requests.jsonl.gz", gzip(input.as_bytes()));
    let target = folder.path("answers.jsonl");
    let written = cspm(["iam", "evaluate", &packed, "-o", &target]).ends_with(0);
    assert!(written.out.is_empty());
    assert_eq!(std::fs::read(target).unwrap(), run.out);
}

#[test]
fn a_line_that_cannot_be_evaluated_says_so_and_the_rest_goes_on() {
    let bad: [&[u8]; 7] = [
        b"nonsense",
        b"{\"id\": \"x\"}",
        b"[1, 2]",
        b"{\"id\": \"x\", \"principal\": \"\xff\xfe\"}",
        b"\x00\x01\x02",
        b"{\"id\": \"x\", \"principal\": \"arn:aws",
        b"\"",
    ];
    let good = request().to_string();
    let mut input = Vec::new();
    for line in bad {
        input.extend_from_slice(line);
        input.push(b'\n');
        input.extend_from_slice(good.as_bytes());
        input.push(b'\n');
    }
    let run = cspm_reading(&input, ["iam", "evaluate", "-"]).ends_with(0);
    let lines = run.lines();
    assert_eq!(lines.len(), 2 * bad.len());
    for pair in lines.chunks(2) {
        assert!(
            !pair[0]["error"].as_str().unwrap().is_empty(),
            "{}",
            pair[0]
        );
        assert!(pair[0].as_object().unwrap().contains_key("id"));
        assert_eq!(pair[1]["decision"], "allow");
    }
    assert_eq!(lines[2]["id"], "x");
}

#[test]
fn nesting_and_length_have_limits() {
    let deep = format!("{{\"id\": \"deep\", \"context\": {}", "[".repeat(1_000_000));
    let mut long = vec![b' '; (64 << 20) + 10];
    long.push(b'\n');
    let input = [
        deep.as_bytes(),
        b"\n",
        &long,
        request().to_string().as_bytes(),
    ]
    .concat();
    let lines = cspm_reading(&input, ["iam", "evaluate", "-"])
        .ends_with(0)
        .lines();
    assert_eq!(lines.len(), 3);
    assert!(lines[0]["error"].is_string());
    assert!(
        lines[1]["error"].as_str().unwrap().contains("67108864"),
        "{}",
        lines[1]
    );
    assert_eq!(lines[2]["decision"], "allow");
}

#[test]
fn requests_that_cannot_be_read_are_exit_code_3() {
    let folder = Folder::new();
    let missing = folder.path("missing.jsonl");
    let run = cspm(["iam", "evaluate", &missing]).ends_with(3);
    assert!(run.err.contains("missing.jsonl"), "{}", run.err);
    let packed = gzip(request().to_string().as_bytes());
    let half = folder.file("half.gz", &packed[..packed.len() / 2]);
    let run = cspm(["iam", "evaluate", &half]).ends_with(3);
    assert!(
        run.err.contains("half.gz") && run.err.contains("gzip"),
        "{}",
        run.err
    );
}
