//! Lambda functions.

use cspm_model::resource::{FunctionFacts, FunctionUrl};
use cspm_model::{PolicyType, Properties, Resource};

use super::answer::{Answer, Describe};
use super::collection::{Facts, Rank};
use super::policy::grant;
use crate::node::Node;

const KIND: &str = "compute.function";

/// `lambda list-functions`
pub(super) fn list_functions(answer: &Answer<'_>, facts: &mut Facts) {
    for function in answer.root.objects("Functions") {
        if let Some(resource) = function_at(answer, &function) {
            facts.add(Rank::Main, resource);
        }
    }
}

/// `lambda get-function`
pub(super) fn get_function(answer: &Answer<'_>, facts: &mut Facts) {
    let Some(function) = answer.root.child("Configuration") else {
        return;
    };
    if let Some(mut resource) = function_at(answer, &function) {
        resource.tags = answer.root.tags("Tags");
        facts.add(Rank::Listed, resource);
    }
}

/// The facts of a function. Its environment is not read: it may hold secrets.
fn function_at(answer: &Answer<'_>, function: &Node<'_>) -> Option<Resource> {
    let Some(arn) = function.text("FunctionArn") else {
        function.missing("FunctionArn");
        return None;
    };
    let arn = unqualified(arn);
    let network = function.child("VpcConfig");
    let list = |key: &str| network.as_ref().map(|it| it.texts(key)).unwrap_or_default();
    let role = function.string("Role");
    Some(
        answer
            .home_of(arn)
            .resource(arn, KIND, function)
            .named(function.text("FunctionName"))
            .with(Properties::Function(Box::new(FunctionFacts {
                evidence: role.is_some().then(|| function.place_of("Role")),
                role,
                vpc: network.as_ref().and_then(|it| it.string("VpcId")),
                subnets: list("SubnetIds"),
                security_groups: list("SecurityGroupIds"),
                runtime: function.string("Runtime"),
                ..FunctionFacts::default()
            }))),
    )
}

/// The ARN less a version or alias: `arn:aws:lambda:REGION:ACCOUNT:function:NAME:VERSION`.
fn unqualified(arn: &str) -> &str {
    match arn.match_indices(':').nth(6) {
        Some((at, _)) => arn.get(..at).unwrap_or(arn),
        None => arn,
    }
}

/// The id of the function that the call was about.
fn asked(answer: &Answer<'_>) -> Option<Resource> {
    let Some(name) = answer.argument() else {
        answer
            .root
            .lost("the name of the document does not say of which function it is");
        return None;
    };
    let home = if name.starts_with("arn:") {
        answer.home_of(name)
    } else {
        answer.home(None, None)
    };
    let id = home.arn_or(name, "lambda", "function:");
    Some(home.resource(unqualified(&id), KIND, &answer.root))
}

/// `lambda get-policy`
pub(super) fn policy(answer: &Answer<'_>, facts: &mut Facts) {
    if let Some(resource) = asked(answer) {
        facts.grant(grant(
            &answer.root,
            "Policy",
            resource.id.as_str(),
            PolicyType::Resource,
        ));
    }
}

/// `lambda get-function-url-config`
pub(super) fn url_config(answer: &Answer<'_>, facts: &mut Facts) {
    let resource = match answer.root.text("FunctionArn") {
        Some(arn) => Some(
            answer
                .home_of(arn)
                .resource(unqualified(arn), KIND, &answer.root),
        ),
        None => asked(answer),
    };
    if let Some(resource) = resource {
        facts.add(
            Rank::Part,
            resource.with(Properties::Function(Box::new(FunctionFacts {
                url: Some(FunctionUrl {
                    auth: answer.root.string("AuthType"),
                    evidence: Some(answer.root.place_of("AuthType")),
                    ..FunctionUrl::default()
                }),
                ..FunctionFacts::default()
            }))),
        );
    }
}

/// `lambda list-tags`
pub(super) fn tags(answer: &Answer<'_>, facts: &mut Facts) {
    if let Some(mut resource) = asked(answer) {
        resource.tags = answer.root.tags("Tags");
        facts.add(Rank::Part, resource);
    }
}
