//! A second evaluator, written as a literal reading of the provider's pages: straight down the flow chart,
//! on JSON values, for complete contexts only, with no thought for speed. It shares nothing with the crate.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use cspm_iam::aws::actions::{ActionInfo, ActionTable};

use crate::signs::{Sign, arn_pattern, like, pattern};

type Keys = BTreeMap<String, Vec<String>>;

/// The decision on a line of the batch contract, whose context counts as complete.
pub(crate) fn decide(line: &Value) -> &'static str {
    let get = |field: &str| line.get(field).and_then(Value::as_str).unwrap_or_default();
    let who = Who::read(get("principal"));
    let action = get("action").to_lowercase();
    // The one thing taken from the crate: the table of actions, which is data.
    let takes_none = ActionTable::builtin()
        .action(&action)
        .is_some_and(ActionInfo::takes_no_resource);
    let resource = if takes_none { "*" } else { get("resource") };
    let arn_account = resource.split(':').nth(4).filter(|text| text.len() == 12);
    let owner = line
        .get("resource_account")
        .and_then(Value::as_str)
        .or(arn_account);
    let keys = request_keys(line, &who, &action, owner);
    let ask = Ask {
        who: &who,
        action: &action,
        resource,
        keys: &keys,
        line,
    };

    let assumes = [
        "assumerole",
        "assumerolewithsaml",
        "assumerolewithwebidentity",
        "tagsession",
    ]
    .iter()
    .chain(&["setsourceidentity", "setcontext"])
    .any(|name| action == format!("sts:{name}"));
    if action == "sts:getcalleridentity" && !["anonymous", "federated"].contains(&who.kind) {
        return "allow";
    }
    if action == "sts:getsessiontoken" && ["user", "root"].contains(&who.kind) {
        return "allow";
    }
    if assumes && ["root", "anonymous"].contains(&who.kind) {
        return "implicit_deny";
    }

    let changes = [
        "attachrolepolicy",
        "detachrolepolicy",
        "putrolepolicy",
        "deleterolepolicy",
        "updateassumerolepolicy",
        "putrolepermissionsboundary",
        "deleterolepermissionsboundary",
        "deleterole",
    ]
    .iter()
    .any(|name| action == format!("iam:{name}"));
    let protected = [":role/aws-service-role/", ":role/aws-reserved/"]
        .iter()
        .any(|path| resource.contains(path));
    if changes && protected && who.kind != "service" && !who.is_service_linked() {
        return "implicit_deny";
    }

    let of_account = who.account.is_some();
    let linked = resource.contains(":role/aws-service-role/") || who.is_service_linked();
    let has_identity = of_account && who.kind != "root";
    let list = |field: &str| line.get(field).and_then(Value::as_array).map(Vec::as_slice);
    let identity = if has_identity {
        list("identity_policies").unwrap_or_default()
    } else {
        &[]
    };
    let boundary = if has_identity {
        list("permission_boundaries")
    } else {
        None
    };
    let session = if has_identity {
        list("session_policies")
    } else {
        None
    };
    let scp = if of_account && !who.is_service_linked() {
        list("service_control_policies").unwrap_or_default()
    } else {
        &[]
    };
    let service = action.split(':').next().unwrap();
    let covered = [
        "s3",
        "sts",
        "kms",
        "sqs",
        "secretsmanager",
        "dynamodb",
        "ecr",
        "logs",
    ];
    let rcp = if covered.contains(&service) && !linked && action != "kms:retiregrant" {
        list("resource_control_policies").unwrap_or_default()
    } else {
        &[]
    };
    let endpoint = list("endpoint_policies");
    let of_resource: &[Value] = line
        .get("resource_policy")
        .map_or(&[], std::slice::from_ref);

    // 1. Deny evaluation.
    let own_bucket_policy = who.kind == "root"
        && owner == who.account.as_deref()
        && [
            "s3:getbucketpolicy",
            "s3:putbucketpolicy",
            "s3:deletebucketpolicy",
        ]
        .contains(&action.as_str());
    let mut denied = ask.any("Deny", identity, Names::Nobody)
        || ask.any("Deny", boundary.unwrap_or_default(), Names::Nobody)
        || ask.any("Deny", session.unwrap_or_default(), Names::Nobody)
        || ask.any(
            "Deny",
            endpoint.unwrap_or_default(),
            Names::PrincipalsOrEveryone,
        )
        || (!own_bucket_policy && ask.any("Deny", of_resource, Names::Principals));
    for level in scp {
        denied |= ask.any("Deny", level.as_array().unwrap(), Names::Nobody);
    }
    for level in rcp {
        denied |= ask.any(
            "Deny",
            level.as_array().unwrap(),
            Names::PrincipalsOrEveryone,
        );
    }
    if denied {
        return "explicit_deny";
    }
    // 2. Organisation and endpoint.
    for level in scp {
        if !ask.any("Allow", level.as_array().unwrap(), Names::Nobody) {
            return "implicit_deny";
        }
    }
    if endpoint.is_some_and(|policies| !ask.any("Allow", policies, Names::PrincipalsOrEveryone)) {
        return "implicit_deny";
    }
    // 3. Resource-based policies, identity-based policies, boundary, session.
    let within = |limit: Option<&[Value]>| {
        limit.is_none_or(|policies| ask.any("Allow", policies, Names::Nobody))
    };
    let limits = within(boundary) && within(session);
    let federated_without_session = who.kind == "federated-user" && session.is_none();
    let own = who.kind == "root"
        || (ask.any("Allow", identity, Names::Nobody) && limits && !federated_without_session);
    let grants = ask.grants(of_resource);
    let direct = grants.contains(&"direct");
    let entity = grants.contains(&"entity") && limits && !federated_without_session;
    let same_account = !of_account || owner.is_none() || owner == who.account.as_deref();
    let allowed = if !same_account {
        !grants.is_empty() && own
    } else if assumes || (service == "kms" && resource.contains(":key/")) {
        direct || entity || (grants.contains(&"account") && own)
    } else {
        direct || entity || own
    };
    if allowed { "allow" } else { "implicit_deny" }
}

/// Whether a condition holds in the request of a line, whose context counts as complete.
pub(crate) fn holds(line: &Value, operator: &str, key: &str, values: &[String]) -> bool {
    let get = |field: &str| line.get(field).and_then(Value::as_str).unwrap_or_default();
    let who = Who::read(get("principal"));
    let action = get("action").to_lowercase();
    let owner = line.get("resource_account").and_then(Value::as_str);
    let keys = request_keys(line, &who, &action, owner);
    let ask = Ask {
        who: &who,
        action: &action,
        resource: get("resource"),
        keys: &keys,
        line,
    };
    ask.condition(&operator.to_lowercase(), &key.to_lowercase(), values, true)
}

struct Who {
    text: String,
    kind: &'static str,
    account: Option<String>,
    /// Name without path; of sessions, that of the role.
    name: String,
    session: Option<String>,
}

impl Who {
    fn read(text: &str) -> Self {
        let parts: Vec<&str> = text.split(':').collect();
        let mut who = Self {
            text: text.to_owned(),
            kind: "service",
            account: None,
            name: String::new(),
            session: None,
        };
        if text == "anonymous" {
            who.kind = "anonymous";
        } else if let Some(provider) = text.strip_prefix("federated:") {
            who.kind = "federated";
            provider.clone_into(&mut who.text);
        } else if parts.len() >= 6 {
            who.account = Some(parts[4].to_owned());
            let path: Vec<&str> = parts[5].split('/').collect();
            who.kind = match path[0] {
                "user" => "user",
                "role" => "role",
                "assumed-role" => "assumed-role",
                "federated-user" => "federated-user",
                _ => "root",
            };
            (*path.last().unwrap()).clone_into(&mut who.name);
            if who.kind == "assumed-role" {
                path[1].clone_into(&mut who.name);
                who.session = Some(path[2..].join("/"));
            }
        }
        who
    }

    fn is_service_linked(&self) -> bool {
        self.text.contains(":role/aws-service-role/")
            || (self.kind == "assumed-role" && self.name.starts_with("AWSServiceRoleFor"))
    }
}

fn request_keys(line: &Value, who: &Who, action: &str, owner: Option<&str>) -> Keys {
    let mut keys = Keys::new();
    let mut set = |key: &str, value: String| keys.insert(key.to_owned(), vec![value]);
    if let Some(account) = &who.account {
        let arn = match who.kind {
            "assumed-role" => format!("arn:aws:iam::{account}:role/{}", who.name),
            _ => who.text.clone(),
        };
        set("aws:principalarn", arn);
        set("aws:principalaccount", account.clone());
        set("aws:principalisawsservice", "false".to_owned());
    }
    let kind = match who.kind {
        "user" => Some("User"),
        "role" | "assumed-role" => Some("AssumedRole"),
        "federated-user" => Some("FederatedUser"),
        "root" => Some("Account"),
        "anonymous" => Some("Anonymous"),
        _ => None,
    };
    if let Some(kind) = kind {
        set("aws:principaltype", kind.to_owned());
    }
    match who.kind {
        "user" => {
            set("aws:username", who.name.clone());
        }
        "root" => {
            set("aws:userid", who.account.clone().unwrap());
        }
        "federated-user" => {
            set(
                "aws:userid",
                format!("{}:{}", who.account.clone().unwrap(), who.name),
            );
        }
        "anonymous" => {
            set("aws:userid", "anonymous".to_owned());
        }
        "service" => {
            set("aws:principalisawsservice", "true".to_owned());
            set("aws:principalservicename", who.text.clone());
        }
        _ => {}
    }
    if let Some(owner) = owner {
        set("aws:resourceaccount", owner.to_owned());
        if action.starts_with("s3:") {
            set("s3:resourceaccount", owner.to_owned());
        }
    }
    for (key, value) in line
        .get("context")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        keys.remove(&key.to_lowercase());
        if !value.is_null() && value != &Value::Array(vec![]) {
            keys.insert(key.to_lowercase(), texts(value));
        }
    }
    keys
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        Value::String(text) => vec![text.clone()],
        other => vec![other.to_string()],
    }
}

/// Whom the statements of a kind of policy name.
#[derive(Clone, Copy, PartialEq)]
enum Names {
    Nobody,
    Principals,
    PrincipalsOrEveryone,
}

struct Ask<'a> {
    who: &'a Who,
    action: &'a str,
    resource: &'a str,
    keys: &'a Keys,
    line: &'a Value,
}

impl Ask<'_> {
    /// Whether a statement with this effect applies.
    fn any(&self, effect: &str, policies: &[Value], names: Names) -> bool {
        policies.iter().any(|policy| {
            statements(policy).any(|(statement, variables)| {
                statement["Effect"] == effect
                    && self.applies(statement, variables, names != Names::Nobody)
                    && match names {
                        Names::Nobody => true,
                        Names::Principals => !self.ways(statement).is_empty(),
                        Names::PrincipalsOrEveryone => {
                            let silent = !statement.contains_key("Principal")
                                && !statement.contains_key("NotPrincipal");
                            silent || !self.ways(statement).is_empty()
                        }
                    }
            })
        })
    }

    fn grants(&self, policies: &[Value]) -> Vec<&'static str> {
        let mut grants = Vec::new();
        for policy in policies {
            for (statement, variables) in statements(policy) {
                if statement["Effect"] == "Allow" && self.applies(statement, variables, true) {
                    grants.extend(self.ways(statement));
                }
            }
        }
        grants
    }

    fn applies(&self, statement: &Map<String, Value>, variables: bool, on_resource: bool) -> bool {
        let action_in = |field: &str| {
            let named = statement.get(field).map(texts)?;
            Some(
                named
                    .iter()
                    .any(|name| like(&pattern(&name.to_lowercase()), self.action)),
            )
        };
        let resource_in = |field: &str| {
            let named = statement.get(field).map(texts)?;
            Some(named.iter().any(|name| {
                self.filled_resource(name, variables)
                    .is_some_and(|pattern| like(&pattern, self.resource))
            }))
        };
        let void = statement.get("NotResource").is_some_and(|names| {
            texts(names)
                .iter()
                .any(|name| self.filled_resource(name, variables).is_none())
        });
        let action = action_in("Action")
            .or(action_in("NotAction").map(|named| !named))
            .unwrap();
        let resource = resource_in("Resource")
            .or(resource_in("NotResource").map(|named| !named && !void))
            .unwrap_or(on_resource);
        action && resource && self.conditions(statement, variables)
    }

    fn conditions(&self, statement: &Map<String, Value>, variables: bool) -> bool {
        let Some(operators) = statement.get("Condition").and_then(Value::as_object) else {
            return true;
        };
        operators.iter().all(|(operator, keys)| {
            keys.as_object().unwrap().iter().all(|(key, values)| {
                self.condition(
                    &operator.to_lowercase(),
                    &key.to_lowercase(),
                    &texts(values),
                    variables,
                )
            })
        })
    }

    fn condition(&self, operator: &str, key: &str, values: &[String], variables: bool) -> bool {
        let present = self.keys.get(key);
        let (set, operator) = match operator.split_once(':') {
            Some((set, operator)) => (set, operator),
            None => ("", operator),
        };
        if operator == "null" {
            let wanted = if present.is_some() { "false" } else { "true" };
            return values
                .iter()
                .any(|value| value.eq_ignore_ascii_case(wanted));
        }
        let optional = operator.ends_with("ifexists");
        let operator = operator.trim_end_matches("ifexists");
        let negated = operator.contains("not");
        let operator = operator.replace("not", "");
        let Some(found) = present else {
            return set == "forallvalues" || (set.is_empty() && (negated || optional));
        };
        // Strings and ARNs take variables; one without value makes the statement invalid.
        let takes = operator.starts_with("string") || operator.starts_with("arn");
        let void = takes
            && values
                .iter()
                .any(|value| self.filled(value, variables).is_none());
        let passes = |found: &String| {
            if negated && void {
                return false;
            }
            let one = values
                .iter()
                .any(|value| self.compare(&operator, found, value, variables));
            one != negated
        };
        let nothing = found.iter().all(String::is_empty);
        match set {
            "forallvalues" => nothing || found.iter().all(passes),
            "foranyvalue" => !nothing && found.iter().any(passes),
            _ if negated => found.iter().all(passes),
            _ => found.iter().any(passes),
        }
    }

    fn compare(&self, operator: &str, found: &str, value: &str, variables: bool) -> bool {
        match operator {
            "stringequals" => self
                .plain(value, variables)
                .is_some_and(|value| value == found),
            "stringequalsignorecase" => self
                .plain(value, variables)
                .is_some_and(|value| value.to_lowercase() == found.to_lowercase()),
            "stringlike" => self
                .filled(value, variables)
                .is_some_and(|pattern| like(&pattern, found)),
            "arnlike" | "arnequals" => {
                if value == "*" {
                    return true;
                }
                let (Some(wanted), found) = (self.filled(value, variables), found) else {
                    return false;
                };
                let wanted: Vec<&[Sign]> =
                    wanted.splitn(6, |sign| *sign == Sign::Char(':')).collect();
                let found: Vec<&str> = found.splitn(6, ':').collect();
                wanted.len() == 6
                    && found.len() == 6
                    && wanted
                        .iter()
                        .zip(found)
                        .all(|(wanted, found)| like(wanted, found))
            }
            "bool" => {
                let is_bool =
                    |text: &str| ["true", "false"].contains(&text.to_lowercase().as_str());
                is_bool(value) && value.eq_ignore_ascii_case(found)
            }
            "binaryequals" => value == found,
            "ipaddress" => {
                let range = |text: &str| -> Option<(u32, u128, u128)> {
                    let (address, length) = text.split_once('/').unwrap_or((text, ""));
                    let address: std::net::IpAddr = address.parse().ok()?;
                    let (bits, width) = match address {
                        std::net::IpAddr::V4(address) => (u128::from(address.to_bits()), 32),
                        std::net::IpAddr::V6(address) => (address.to_bits(), 128),
                    };
                    let length: u32 = if length.is_empty() {
                        width
                    } else {
                        length.parse().ok()?
                    };
                    let free = width.checked_sub(length)?;
                    let size = if free == 128 {
                        u128::MAX
                    } else {
                        (1 << free) - 1
                    };
                    Some((width, bits & !size, bits | size))
                };
                match (range(value), range(found)) {
                    (Some((width, low, high)), Some((other, first, last))) => {
                        width == other && low <= first && last <= high
                    }
                    _ => false,
                }
            }
            _ => {
                let read = |text: &str| -> Option<f64> {
                    if operator.starts_with("date") && text.contains('-') {
                        let day = text.get(..10)?;
                        let days = DAYS.iter().find(|(name, _)| *name == day)?.1;
                        return Some(f64::from(days) * 86_400.0);
                    }
                    text.parse().ok()
                };
                let (Some(found), Some(value)) = (read(found), read(value)) else {
                    return false;
                };
                match operator
                    .trim_start_matches("numeric")
                    .trim_start_matches("date")
                {
                    "equals" => (found - value).abs() < 1e-9,
                    "lessthan" => found < value,
                    "lessthanequals" => found <= value,
                    "greaterthan" => found > value,
                    "greaterthanequals" => found >= value,
                    other => panic!("operator {other}"),
                }
            }
        }
    }

    /// Through which names the statement covers the principal.
    fn ways(&self, statement: &Map<String, Value>) -> Vec<&'static str> {
        let deny = statement["Effect"] == "Deny";
        if let Some(principal) = statement.get("Principal") {
            return named(principal)
                .iter()
                .filter_map(|(kind, name)| self.way(kind, name))
                .collect();
        }
        if let Some(principal) = statement.get("NotPrincipal") {
            let bounded = self.line.get("permission_boundaries").is_some();
            if deny && bounded && ["user", "role", "assumed-role"].contains(&self.who.kind) {
                return vec!["direct"];
            }
            let spared = named(principal)
                .iter()
                .any(|(kind, name)| match self.way(kind, name) {
                    Some(_) if !deny => true,
                    Some("direct") => true,
                    Some("entity") => self.who.kind == "role",
                    Some(_) | None => false,
                });
            return if spared { vec![] } else { vec!["direct"] };
        }
        // Only organisation and endpoint policies may go without.
        vec![]
    }

    fn way(&self, kind: &str, name: &str) -> Option<&'static str> {
        let who = self.who;
        match kind {
            "*" => Some("direct"),
            "Service" if who.kind == "service" => {
                (name == "*" || name == who.text).then_some("direct")
            }
            "Federated" if who.kind == "federated" => {
                (name == "*" || name == who.text).then_some("direct")
            }
            "AWS" => {
                if name == "*" {
                    return Some("direct");
                }
                let account = who.account.as_deref()?;
                if name == account || name == format!("arn:aws:iam::{account}:root") {
                    return Some(if who.kind == "root" {
                        "direct"
                    } else {
                        "account"
                    });
                }
                let other = Who::read(name);
                if !name.starts_with("arn:") || other.account.as_deref() != Some(account) {
                    return None;
                }
                match (other.kind, who.kind) {
                    ("role", "role") => (name == who.text).then_some("entity"),
                    ("role", "assumed-role") | ("user", "federated-user") => {
                        (other.name == who.name).then_some("entity")
                    }
                    ("assumed-role", "role") => {
                        let suffix = format!(":{}", other.session.unwrap());
                        let ids = self.keys.get("aws:userid")?;
                        let same = other.name == who.name;
                        (same && ids.iter().any(|id| id.ends_with(&suffix))).then_some("direct")
                    }
                    _ => (name == who.text).then_some("direct"),
                }
            }
            _ => None,
        }
    }

    /// A pattern with its variables filled in; nothing where one has no value.
    fn filled(&self, text: &str, variables: bool) -> Option<Vec<Sign>> {
        self.filled_with(text, variables, |part, _| pattern(part))
    }

    /// As [`Ask::filled`], for the pattern of a resource.
    fn filled_resource(&self, text: &str, variables: bool) -> Option<Vec<Sign>> {
        let mut colons = if text.starts_with("arn:") { 0 } else { 5 };
        self.filled_with(text, variables, |part, ends| {
            arn_pattern(part, &mut colons, ends)
        })
    }

    fn filled_with(
        &self,
        text: &str,
        variables: bool,
        mut pattern: impl FnMut(&str, bool) -> Vec<Sign>,
    ) -> Option<Vec<Sign>> {
        if !variables {
            return Some(pattern(text, true));
        }
        let mut signs = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find("${") {
            let Some(end) = rest[at..].find('}') else {
                break;
            };
            signs.extend(pattern(&rest[..at], false));
            let name = &rest[at + 2..at + end];
            let value = match name {
                "*" | "?" | "$" => name.to_owned(),
                _ => {
                    let (key, default) = match name.split_once(',') {
                        Some((key, default)) => (key, Some(default.trim().trim_matches('\''))),
                        None => (name, None),
                    };
                    match self.keys.get(&key.trim().to_lowercase()) {
                        Some(values) if values.len() == 1 => values[0].clone(),
                        Some(_) => return None,
                        None => default?.to_owned(),
                    }
                }
            };
            signs.extend(value.chars().map(Sign::Char));
            rest = &rest[at + end + 1..];
        }
        signs.extend(pattern(rest, true));
        Some(signs)
    }

    /// As [`Ask::filled`], where wildcards are plain characters.
    fn plain(&self, text: &str, variables: bool) -> Option<String> {
        let signs = self.filled(text, variables)?;
        Some(
            signs
                .iter()
                .map(|sign| match sign {
                    Sign::Char(character) => *character,
                    Sign::One | Sign::OneWithin => '?',
                    Sign::Many | Sign::ManyWithin => '*',
                })
                .collect(),
        )
    }
}

/// Some days that tests use, in days since 1970.
const DAYS: [(&str, i32); 5] = [
    ("2020-01-01", 18_262),
    ("2025-06-01", 20_240),
    ("2026-01-01", 20_454),
    ("2026-11-01", 20_758),
    ("2030-01-01", 21_915),
];

fn named(principal: &Value) -> Vec<(String, String)> {
    match principal {
        Value::Object(kinds) => kinds
            .iter()
            .flat_map(|(kind, names)| {
                texts(names)
                    .into_iter()
                    .map(|name| (kind.clone(), name))
                    .collect::<Vec<_>>()
            })
            .collect(),
        _ => vec![("*".to_owned(), "*".to_owned())],
    }
}

/// The statements of a policy, and whether it has variables.
fn statements(policy: &Value) -> impl Iterator<Item = (&Map<String, Value>, bool)> {
    let variables = policy.get("Version").and_then(Value::as_str) == Some("2012-10-17");
    let list = match &policy["Statement"] {
        Value::Array(list) => list.as_slice(),
        single => std::slice::from_ref(single),
    };
    list.iter()
        .map(move |statement| (statement.as_object().unwrap(), variables))
}
