"""The known classes of disagreement with the outside tool, and how to write each of them out of a request.

The text on each class is docs/design/iam-differences.md. A disagreement belongs to the first class that
its request can show. That alone proves little, so `rewritten` gives a request that means the same by the
documentation but avoids what the classes are about: both evaluators have to agree on it.
"""

import copy
import datetime
import re

EVERYTHING = {"Version": "2012-10-17",
              "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
LIMITS = ("permission_boundaries", "session_policies", "service_control_policies",
          "resource_control_policies", "endpoint_policies", "resource_policy")
ROLE_ASSUMPTIONS = ("sts:assumerole", "sts:assumerolewithsaml", "sts:assumerolewithwebidentity",
                    "sts:tagsession", "sts:setsourceidentity", "sts:setcontext")
# AWS Organizations User Guide, "List of AWS services that support RCPs", as of 2026-09-26.
RESOURCE_CONTROLLED = set("""aoss appconfig appstream autoscaling autoscaling-plans budgets clouddirectory
    cloudfront cloudsearch cloudtrail-data codeartifact codebuild codecommit codepipeline cognito-identity
    cognito-idp comprehend comprehendmedical compute-optimizer cost-optimization-hub dax dsql dynamodb ecr
    ecr-public events firehose fis fms gamelift health inspector-scan kendra kinesisvideo kms logs memorydb
    networkmonitor notifications opensearch pca-connector-ad personalize polly pricing resource-groups
    rolesanywhere s3 secretsmanager servicediscovery signin sqs sts support swf textract
    timestream-influxdb transcribe transfer translate wafv2 workspaces xray""".split())
VARIABLE = re.compile(r"\$\{([^},]*)(?:,\s*'([^']*)')?\}")


def listed(value):
    return value if isinstance(value, list) else [value]


def policies(line):
    for field in ("identity_policies", "permission_boundaries", "session_policies", "endpoint_policies"):
        yield from line.get(field) or []
    for field in ("service_control_policies", "resource_control_policies"):
        for level in line.get(field) or []:
            yield from level
    if line.get("resource_policy"):
        yield line["resource_policy"]


def statements(line):
    for policy in policies(line):
        for statement in listed(policy["Statement"]):
            yield policy, statement


def conditions(line):
    for _, statement in statements(line):
        for operator, tests in (statement.get("Condition") or {}).items():
            for key in list(tests):
                yield statement, operator, key, listed(tests[key])


def held(line):
    return {key.lower(): listed(value) for key, value in line["context"].items() if value is not None}


def is_root(line):
    return line["principal"].endswith(":root")


def is_linked(line):
    name = line["principal"]
    return ":role/aws-service-role/" in name or ":assumed-role/AWSServiceRoleFor" in name


# One function a class: what of the class the line holds; and one that writes it out.

def always_allowed(line):
    action = line["action"].lower()
    return action == "sts:getcalleridentity" or (
        action == "sts:getsessiontoken" and (":user/" in line["principal"] or is_root(line)))


def without_always_allowed(line):
    for field in LIMITS:
        line.pop(field, None)
    if line["principal"].startswith("arn:") and not is_root(line):
        line["identity_policies"] = [EVERYTHING]


def refused(line):
    return line["action"].lower() in ROLE_ASSUMPTIONS and (
        is_root(line) or line["principal"] == "anonymous")


def without_refused(line):
    # Root user and strangers are refused; a user of nobody's account has no trust.
    line["principal"] = "arn:aws:iam::999988887777:user/nobody"
    line["identity_policies"] = []
    line.pop("resource_policy", None)
    line.pop("resource_control_policies", None)


def root(line):
    return is_root(line) and not refused(line)


def without_root(line):
    account = line["principal"].split(":")[4]
    line["principal"] = f"arn:aws:iam::{account}:user/stand-in"
    line["identity_policies"] = [EVERYTHING]


def federated_user(line):
    return ":federated-user/" in line["principal"] and "session_policies" not in line


def without_federated_user(line):
    line["identity_policies"] = []
    line["session_policies"] = [EVERYTHING]


def resource_control(line):
    return bool(line.get("resource_control_policies")) and (
        line["action"].split(":")[0].lower() not in RESOURCE_CONTROLLED or is_linked(line)
        or ":role/aws-service-role/" in line["resource"] or line["action"].lower() == "kms:retiregrant")


def without_resource_control(line):
    line.pop("resource_control_policies")


def service_control(line):
    return bool(line.get("service_control_policies")) and is_linked(line)


def without_service_control(line):
    line.pop("service_control_policies")


def spared(line):
    return any("NotPrincipal" in statement for _, statement in statements(line))


def without_spared(line):
    for policy in policies(line):
        policy["Statement"] = [statement for statement in listed(policy["Statement"])
                               if "NotPrincipal" not in statement]


def unfinished_arn(line):
    return any(is_unfinished(text) for _, statement in statements(line)
               for element in ("Resource", "NotResource") for text in listed(statement.get(element, [])))


def is_unfinished(text):
    return text != "*" and VARIABLE.sub("", text).count(":") < 5


def without_unfinished_arn(line):
    values = held(line)
    for policy, statement in statements(line):
        for element in ("Resource", "NotResource"):
            if element in statement:
                statement[element] = [finished(line, text, policy, values) if is_unfinished(text) else text
                                      for text in listed(statement[element])]


def finished(line, text, policy, values):
    """The resource of the request where the pattern matches it, or one that never matches."""
    expression = ""
    at = 0
    for match in VARIABLE.finditer(text) if policy.get("Version") == "2012-10-17" else ():
        expression += wild(text[at:match.start()])
        key, default = match.group(1), match.group(2)
        found = [key] if key in "*?$" else values.get(key.lower(), [default] if default else [])
        expression += re.escape(found[0]) if len(found) == 1 else "(?!)"
        at = match.end()
    expression += wild(text[at:])
    matches = re.fullmatch(expression, line["resource"], re.S)
    return line["resource"] if matches else "arn:aws:none:::none"


def wild(text):
    """Within segments, but for a `*` at the end of one; the last segment is never reached here."""
    if not text.startswith("arn:"):
        return "".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in text)
    out = ""
    for at, c in enumerate(text):
        last = text[at:].lstrip("*")[:1] in ("", ":")
        out += (".*" if last else "[^:]*") if c == "*" else "[^:]" if c == "?" else re.escape(c)
    return out


def any_value_if_exists(line):
    return any(operator.lower().startswith("foranyvalue:") and operator.lower().endswith("ifexists")
               for _, operator, _, _ in conditions(line))


def without_any_value_if_exists(line):
    values = held(line)
    for statement, operator, key, _ in list(conditions(line)):
        if operator.lower().startswith("foranyvalue:") and operator.lower().endswith("ifexists"):
            tests = statement["Condition"].pop(operator, None)
            for key, test in (tests or {}).items():
                word = "ForAnyValue:" if values.get(key.lower()) else "ForAllValues:"
                plain = word + operator.split(":", 1)[1][:-len("IfExists")]
                statement["Condition"].setdefault(plain, {})[key] = test


def many_values(line):
    values = held(line)
    return any(":" not in operator and operator.lower() != "null" and len(values.get(key.lower(), [])) > 1
               for _, operator, key, _ in conditions(line))


def without_many_values(line):
    for key, value in line["context"].items():
        if isinstance(value, list) and len(value) > 1:
            line["context"][key] = value[:1]


def seconds(line):
    return any("Date" in operator and any(re.fullmatch(r"\d{5,}", str(value)) for value in values)
               for _, operator, _, values in conditions(line))


def without_seconds(line):
    for statement, operator, key, values in list(conditions(line)):
        if "Date" in operator:
            statement["Condition"][operator][key] = [iso(str(value)) for value in values]


def iso(text):
    if not re.fullmatch(r"\d{5,}", text):
        return text
    return datetime.datetime.fromtimestamp(int(text), datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def any_arn(line):
    return any("Arn" in operator and "*" in values for _, operator, _, values in conditions(line))


def without_any_arn(line):
    for statement, operator, key, values in list(conditions(line)):
        if "Arn" in operator:
            statement["Condition"][operator][key] = ["arn:*:*:*:*:*" if v == "*" else v for v in values]


def open_variables(line):
    if line["context_complete"]:
        return []
    values = held(line)
    texts = [text for _, statement in statements(line) for element in ("Resource", "NotResource")
             for text in listed(statement.get(element, []))]
    texts += [str(value) for _, _, _, test in conditions(line) for value in test]
    keys = {match.group(1) for text in texts for match in VARIABLE.finditer(text)}
    return sorted(key for key in keys if key.lower() not in values and key not in "*?$")


def without_open_variables(line):
    for key in open_variables(line):
        line["context"][key] = "dev"


CLASSES = [
    ("always allowed", always_allowed, without_always_allowed),
    ("role assumption refused", refused, without_refused),
    ("root user", root, without_root),
    ("federated user without session policy", federated_user, without_federated_user),
    ("services without resource control", resource_control, without_resource_control),
    ("service-linked roles and service control", service_control, without_service_control),
    ("whom NotPrincipal spares", spared, without_spared),
    ("unfinished ARNs", unfinished_arn, without_unfinished_arn),
    ("ForAnyValue with IfExists", any_value_if_exists, without_any_value_if_exists),
    ("several values without set operator", many_values, without_many_values),
    ("seconds since 1970", seconds, without_seconds),
    ("any ARN", any_arn, without_any_arn),
    ("open policy variables", open_variables, without_open_variables),
]


def names(line):
    return [name for name, holds, _ in CLASSES if holds(line)]


def rewritten(line):
    line = copy.deepcopy(line)
    for _, holds, without in CLASSES:
        if holds(line):
            without(line)
    return line
