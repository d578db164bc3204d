//! What a document is, and what is said of one that cannot be read.

use cspm_formats::{Reader, Recognised};
use cspm_model::{Estate, Limits, ReadError};

fn read_as(source: &str, text: &str) -> (Result<Recognised, ReadError>, Estate) {
    let mut reader = Reader::new(Limits::default());
    let outcome = reader.read(text.as_bytes(), source);
    (outcome, reader.finish().build())
}

fn read(text: &str) -> (Result<Recognised, ReadError>, Estate) {
    read_as("in.json", text)
}

const OCSF: &str = r#"{"class_uid": 2004, "status_code": "FAIL", "metadata": {"event_code": "c"}, "finding_info": {"uid": "u"}, "resources": [{"uid": "r"}]}"#;
const ASFF: &str = r#"{"SchemaVersion": "2018-10-08", "Id": "i", "GeneratorId": "g", "AwsAccountId": "111122223333", "Resources": [{"Id": "r"}]}"#;

#[test]
fn each_format_is_recognised_by_its_content() {
    let cases = [
        (format!("[{OCSF}]"), "prowler ocsf findings", 1),
        (format!("\u{feff}[{OCSF},\n{OCSF}]\n"), "prowler ocsf findings", 2),
        (OCSF.to_owned(), "prowler ocsf findings", 1),
        (format!("{OCSF}\n{OCSF}\n\n{OCSF}\n"), "prowler ocsf findings", 3),
        (format!("[{ASFF}]"), "aws security hub findings", 1),
        (format!("{ASFF}\n{ASFF}\n"), "aws security hub findings", 2),
        (format!("{{\"Findings\": [{ASFF}, {ASFF}], \"NextToken\": \"t\"}}"), "aws security hub findings", 2),
        (format!("{{\"findings\": [{ASFF}]}}"), "aws security hub findings", 1),
        (format!("{{\"Findings\": [{ASFF}]}}\n{{\"NextToken\": null, \"Findings\": [{ASFF}]}}"), "aws security hub findings", 2),
        ("{\"Findings\": []}".to_owned(), "aws security hub findings", 0),
        ("[]".to_owned(), "empty list", 0),
        (r#"{"schema": "cspm.estate/1", "resources": [{"id": "a", "kind": "k"}]}"#.to_owned(), "native estate", 1),
        (r#"{"resources": [{"id": "a", "kind": "k"}], "schema": "cspm.estate/1"}"#.to_owned(), "native estate", 1),
        (r#"{"x_note": 1, "findings": [{"id": "f", "check": "c", "resource": "a"}], "resources": [{"id": "a", "kind": "k"}], "schema": "cspm.estate/1"}"#.to_owned(), "native estate", 2),
        ("{\"schema\": \"cspm.estate/1\"}\n{\"resource\": {\"id\": \"a\", \"kind\": \"k\"}}\n{\"finding\": {\"check\": \"c\", \"resource\": \"a\", \"status\": \"pass\"}}\n".to_owned(), "native estate", 2),
        (r#"{"Reservations": []}"#.to_owned(), "aws cli: ec2 describe-instances", 0),
        (r#"{"RoleDetailList": []}"#.to_owned(), "aws cli: iam get-account-authorization-details", 0),
        (r#"{"call": "aws ec2 describe-vpcs", "args": [], "rc": 0}"#.to_owned(), "collection log", 1),
    ];
    for (text, format, records) in cases {
        let (outcome, estate) = read(&text);
        let it = outcome.unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(
            (it.format, it.records, &it.skipped),
            (format, records, &None),
            "{text}"
        );
        let (_, findings) = (0, estate.findings().len());
        if format.ends_with("findings") {
            assert_eq!(u64::try_from(findings).unwrap(), records, "{text}");
        }
        assert_eq!(estate.diagnostics(), [], "{text}");
    }
}

#[test]
fn places_of_findings_have_lines_and_pointers() {
    let text = format!("{{\"Findings\": [\n  {ASFF},\n  {ASFF}]}}");
    let (_, estate) = read(&text);
    let place = estate.findings()[1].evidence.as_ref().unwrap().to_string();
    assert_eq!(place, "in.json#/Findings/1 (line 3, column 3)");
    let (_, estate) = read(&format!("{OCSF}\n{OCSF}"));
    let place = estate.findings()[1].evidence.as_ref().unwrap().to_string();
    assert_eq!(place, "in.json (line 2, column 1)");
}

#[test]
fn the_name_of_a_document_tells_its_call() {
    let cases = [
        (
            "account/111122223333/eu-west-1/kms-get-key-policy/k.json",
            r#"{"Policy": "{}"}"#,
            "aws cli: kms get-key-policy",
        ),
        (
            "us-east-1/s3-get-bucket-policy/b",
            r#"{"Policy": "{}"}"#,
            "aws cli: s3api get-bucket-policy",
        ),
        (
            "g/organizations-describe-policy/p.json",
            r#"{"Policy": {"PolicySummary": {"Arn": "arn:aws:organizations::1:policy/o/p"}}}"#,
            "aws cli: organizations describe-policy",
        ),
        (
            "x/lambda-list-tags/f.json",
            r#"{"Tags": {}}"#,
            "aws cli: lambda list-tags",
        ),
        // A name that does not fit the content is not believed.
        (
            "x/lambda-list-tags/f.json",
            r#"{"Vpcs": []}"#,
            "aws cli: ec2 describe-vpcs",
        ),
    ];
    for (source, text, format) in cases {
        assert_eq!(read_as(source, text).0.unwrap().format, format, "{source}");
    }
}

#[test]
fn an_answer_beside_an_estate_is_skipped_and_nothing_is_lost() {
    for schema in ["cspm.report/1", "cspm.truth/1", "joined.truth/1"] {
        let (outcome, estate) = read(&format!(r#"{{"schema": "{schema}", "findings": 3}}"#));
        assert_eq!(
            outcome.unwrap().skipped.unwrap(),
            "an answer about an estate",
            "{schema}"
        );
        assert!(estate.diagnostics().is_empty(), "{schema}");
    }
}

#[test]
fn what_is_not_read_is_said_by_name() {
    let cases = [
        (
            r#"{"version": "2.1.0", "$schema": "https://x/sarif.json", "runs": []}"#,
            "SARIF",
        ),
        (
            r#"{"SchemaVersion": 2, "ArtifactName": "a", "Results": []}"#,
            "Trivy",
        ),
        (r#"{"check_type": "terraform", "results": {}}"#, "Checkov"),
        (r#"[{"check_type": "terraform", "results": {}}]"#, "Checkov"),
        (r#"{"matches": [], "descriptor": {}}"#, "Grype"),
        (r#"{"summaryDetails": {}, "resources": []}"#, "Kubescape"),
        (r#"{"findings": [{"findingArn": "a"}]}"#, "Inspector"),
        ("AUTH_METHOD;TIMESTAMP;X\n1;2;3", "Prowler CSV"),
        ("a,b,c\n1,2,3", "CSV"),
        ("apiVersion: v1\nkind: Pod", "YAML"),
        ("---\na: 1", "YAML"),
        ("<html>", "HTML"),
        ("hello", "no JSON"),
        (r#"{"Policy": "{}"}"#, "does not say of which call"),
        (r#"{"hello": 1, "world": 2}"#, "`hello`, `world`"),
        ("{\"hello\": 1}\n{\"hello\": 2}", "lines"),
        ("[1, 2]", "a list of things"),
    ];
    for (text, name) in cases {
        let (outcome, estate) = read(text);
        let reason = outcome.unwrap().skipped.unwrap();
        assert!(reason.contains(name), "{text}: {reason}");
        let it = &estate.diagnostics()[0];
        assert_eq!(
            (it.code.as_str(), it.is_loss()),
            ("unrecognised-document", true)
        );
        assert!(it.message.contains(name), "{}", it.message);
    }
}

#[test]
fn harmless_answers_make_no_noise() {
    for (source, text, skipped) in [
        (
            "describe-regions.json",
            r#"{"Regions": []}"#,
            "carries no fact",
        ),
        (
            "x/ec2-describe-regions.json",
            r#"{"Regions": []}"#,
            "carries no fact",
        ),
        (
            "x/iam-list-saml-providers.json",
            r#"{"SAMLProviderList": []}"#,
            "carries no fact",
        ),
        ("x/s3api-get-bucket-policy/b.json", "{}", "empty answer"),
    ] {
        let (outcome, estate) = read_as(source, text);
        let it = outcome.unwrap();
        assert!(it.skipped.as_ref().unwrap().contains(skipped), "{it:?}");
        assert!(it.format.starts_with("aws cli: "), "{it:?}");
        assert_eq!(estate.diagnostics(), []);
    }
    let (_, estate) = read_as("x/kafka-list-clusters.json", r#"{"ClusterInfoList": []}"#);
    assert_eq!(estate.diagnostics()[0].code, "not-modelled");
}

#[test]
fn broken_documents_are_errors_with_a_place() {
    let cases = [
        ("", "in.json: the document is empty"),
        (" \n ", "in.json: the document is empty"),
        (
            "{\"Vpcs\": [",
            "in.json (line 1, column 10): the document ends inside the value that begins here",
        ),
        (
            "{\"Vpcs\": [1,]}",
            "in.json#/Vpcs (line 1, column 13): trailing comma",
        ),
        ("{\n\"Vpcs\"; []}", "in.json (line 2, column 7)"),
        (
            "{\"Vpcs\": []",
            "in.json (line 1, column 12): the document ends where",
        ),
        (
            "{\"Vpcs\": []} x",
            "in.json (line 1, column 14): something follows the end",
        ),
        ("{\"Vpcs\": []}{\"Vpcs\": []}", "something follows the end"),
        ("[{\"class_uid\": }]", "in.json#/0 (line 1, column 16)"),
        ("[", "in.json (line 1, column 2)"),
    ];
    for (text, want) in cases {
        let error = read(text).0.expect_err(text).to_string();
        assert!(
            error.starts_with(want) || error.contains(want) && want.starts_with("some"),
            "{text}: {error}"
        );
    }
    let truncated = format!("[{OCSF}, {}", OCSF.split_at(40).0);
    let (outcome, estate) = read(&truncated);
    assert!(outcome.unwrap_err().to_string().contains("cut off"));
    assert_eq!(estate.findings().len(), 1, "what came before stays");
}

#[test]
fn one_broken_record_does_not_hide_the_rest() {
    let (outcome, estate) = read(&format!("[{OCSF},\n {{\"class_uid\": nope}},\n {OCSF}]"));
    assert_eq!(outcome.unwrap().records, 3);
    assert_eq!(estate.findings().len(), 2);
    let place = estate.diagnostics()[0].location.as_ref().unwrap();
    assert_eq!((&*place.pointer, place.line), ("/1", Some(2)));
}

#[test]
fn nesting_is_bounded() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(
        read(&deep)
            .0
            .unwrap_err()
            .to_string()
            .contains("recursion limit")
    );
    let (outcome, _) = read(&format!("{{\"Vpcs\": {deep}}}"));
    assert!(outcome.unwrap_err().to_string().contains("recursion limit"));
}

#[test]
fn limits_hold_at_their_value_and_not_one_past() {
    let answer = r#"{"Vpcs": [{"VpcId": "vpc-1"}, {"VpcId": "vpc-2"}]}"#;
    let findings = format!("[{OCSF}, {OCSF}]");
    let attempt = |text: &str, set: &dyn Fn(&mut Limits)| {
        let mut limits = Limits::default();
        set(&mut limits);
        Reader::new(limits).read(text.as_bytes(), "in.json")
    };
    let value = r#"[{"VpcId": "vpc-1"}, {"VpcId": "vpc-2"}]"#.len();
    assert!(attempt(answer, &|it| it.document_bytes = value).is_ok());
    let error = attempt(answer, &|it| it.document_bytes = value - 1).unwrap_err();
    assert!(error.to_string().contains("over its limit"), "{error}");
    assert!(attempt(&findings, &|it| it.record_bytes = OCSF.len()).is_ok());
    assert!(attempt(&findings, &|it| it.record_bytes = OCSF.len() - 1).is_err());
    assert!(attempt(&findings, &|it| it.records = 2).is_ok());
    let error = attempt(&findings, &|it| it.records = 1).unwrap_err();
    assert!(
        error.to_string().contains("records is over its limit of 1"),
        "{error}"
    );
    let placed = |limit: usize| {
        let mut limits = Limits::default();
        limits.records = limit;
        Reader::new(limits).read(
            answer.as_bytes(),
            "account/111122223333/eu-west-1/ec2-describe-vpcs.json",
        )
    };
    assert!(placed(2).is_ok());
    assert!(placed(1).is_err());
}

#[test]
fn long_answers_are_read_in_parts_with_their_places() {
    let items: Vec<String> = (0..2_000)
        .map(|at| {
            format!(
                r#"{{"VolumeId": "vol-{at}", "Tags": [{{"Key": "n", "Value": "{}"}}]}}"#,
                "x".repeat(100)
            )
        })
        .collect();
    let text = format!(
        r#"{{"Volumes": [{}], "NextToken": "t"}}"#,
        items.join(",\n")
    );
    for source in [
        "account/111122223333/eu-west-1/ec2-describe-volumes.json",
        // Without the account in its name, it is held whole.
        "ec2-describe-volumes.json",
    ] {
        let (outcome, estate) = read_as(source, &text);
        let it = outcome.unwrap();
        assert_eq!(
            (it.format, it.records),
            ("aws cli: ec2 describe-volumes", 2_000)
        );
        let volumes = estate
            .resources()
            .iter()
            .filter(|it| it.kind.as_str() == "data.volume");
        assert_eq!(volumes.clone().count(), 2_000);
        for volume in volumes {
            let number = volume.id.as_str().rsplit_once("vol-").unwrap().1;
            assert_eq!(&*volume.evidence[0].pointer, format!("/Volumes/{number}"));
        }
    }
    // A broken item is an error, as anywhere in an answer.
    let broken = text.replacen("\"vol-1999\"", "vol", 1);
    let error = read_as(
        "account/111122223333/eu-west-1/ec2-describe-volumes.json",
        &broken,
    )
    .0
    .unwrap_err();
    assert!(
        error.to_string().contains("#/Volumes/1999 (line 2000, "),
        "{error}"
    );
}

#[test]
fn an_unknown_account_is_said() {
    let (_, estate) = read_as(
        "eu-west-1/ec2-describe-vpcs.json",
        r#"{"Vpcs": [{"VpcId": "vpc-1"}]}"#,
    );
    assert!(
        estate
            .resource("arn:aws:ec2:eu-west-1::vpc/vpc-1")
            .is_some()
    );
    assert_eq!(estate.diagnostics()[0].code, "unknown-account");
}

#[test]
fn the_account_comes_from_the_nearest_place() {
    let vpc = r#"{"Vpcs": [{"VpcId": "vpc-1"}]}"#;
    let owned = r#"{"Vpcs": [{"VpcId": "vpc-2", "OwnerId": "222222222222"}]}"#;
    let identity = |account: &str| {
        format!(
            r#"{{"UserId": "U", "Account": "{account}", "Arn": "arn:aws:iam::{account}:user/u"}}"#
        )
    };
    let ids = |documents: &[(&str, &str)]| {
        let mut reader = Reader::new(Limits::default());
        for (source, text) in documents {
            reader.read(text.as_bytes(), source).unwrap();
        }
        let estate = reader.finish().build();
        let ids = estate.resources().iter().map(|it| it.id.to_string());
        ids.filter(|id| id.contains("vpc-1")).collect::<Vec<_>>()
    };
    let want = |account: &str| vec![format!("arn:aws:ec2:eu-west-1:{account}:vpc/vpc-1")];
    let one = identity("333333333333");
    let path = "a/eu-west-1/ec2-describe-vpcs.json";
    // From a folder of twelve digits, whatever else is said.
    let placed = "account/111111111111/eu-west-1/ec2-describe-vpcs.json";
    let near = "account/111111111111/eu-west-1/sts-get-caller-identity.json";
    assert_eq!(ids(&[(placed, vpc), (near, &one)]), want("111111111111"));
    // From the answer about the caller, in the folder or above.
    assert_eq!(
        ids(&[
            (path, vpc),
            ("a/eu-west-1/sts-get-caller-identity.json", &one)
        ]),
        want("333333333333")
    );
    assert_eq!(
        ids(&[
            (path, vpc),
            ("a/sts-get-caller-identity.json", &one),
            ("a/eu-west-1/x.json", owned)
        ]),
        want("333333333333")
    );
    // From the only account seen below the folder.
    assert_eq!(
        ids(&[(path, vpc), ("a/eu-west-1/more.json", owned)]),
        want("222222222222")
    );
    let other = identity("444444444444");
    assert_eq!(
        ids(&[
            (path, vpc),
            ("a/x/sts-get-caller-identity.json", &one),
            ("a/y/sts-get-caller-identity.json", &other)
        ]),
        want("")
    );
}

#[test]
fn buckets_without_a_block_are_open_where_blocks_were_collected() {
    use cspm_model::Properties;
    let list = r#"{"Buckets": [{"Name": "a"}, {"Name": "b"}, {"Name": "c"}]}"#;
    let block = r#"{"PublicAccessBlockConfiguration": {"BlockPublicAcls": true}}"#;
    let folder = "account/111122223333/global";
    let log = |rc: i64, bucket: &str, error: &str| {
        format!(
            r#"{{"account": "111122223333", "region": "global", "call": "aws s3api get-public-access-block", "args": ["--bucket", "{bucket}"], "rc": {rc}, "error": "{error}"}}"#
        )
    };
    let blocks = |documents: &[(String, String)]| {
        let mut reader = Reader::new(Limits::default());
        reader
            .read(
                list.as_bytes(),
                &format!("{folder}/s3api-list-buckets.json"),
            )
            .unwrap();
        for (source, text) in documents {
            reader.read(text.as_bytes(), source).unwrap();
        }
        let estate = reader.finish().build();
        let known: Vec<Option<bool>> = ["a", "b", "c"]
            .iter()
            .map(|name| {
                match &estate
                    .resource(&format!("arn:aws:s3:::{name}"))
                    .unwrap()
                    .properties
                {
                    Properties::Bucket(facts) => facts
                        .public_access_block
                        .as_ref()
                        .map(|it| it.block_public_acls),
                    other => panic!("{other:?}"),
                }
            })
            .collect();
        let codes: Vec<String> = estate
            .diagnostics()
            .iter()
            .map(|it| it.code.clone())
            .collect();
        (known, codes)
    };
    let answer = (
        format!("{folder}/s3api-get-public-access-block/a.json"),
        block.to_owned(),
    );
    assert_eq!(
        blocks(&[]),
        (vec![None, None, None], vec!["not-collected".to_owned()])
    );
    assert_eq!(
        blocks(std::slice::from_ref(&answer)),
        (vec![Some(true), Some(false), Some(false)], vec![])
    );
    let lines = [
        log(0, "a", ""),
        log(
            255,
            "b",
            "An error occurred (NoSuchPublicAccessBlockConfiguration)",
        ),
        log(255, "c", "An error occurred (AccessDenied)"),
    ];
    let log = ("log.jsonl".to_owned(), lines.join("\n"));
    let (known, codes) = blocks(&[log, answer]);
    assert_eq!(known, [Some(true), Some(false), None]);
    assert_eq!(codes, ["not-collected", "not-collected"]);
}
