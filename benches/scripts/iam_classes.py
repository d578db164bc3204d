"""The known classes of disagreement with the outside tool, and how to write each of them out of a request.

The text on each class is docs/design/iam-differences.md. A disagreement belongs to the first class that
its request can show. That alone proves little, so `rewritten` gives a request that means the same by the
documentation but avoids what the classes are about: both evaluators have to agree on it.
"""

import copy
import datetime
import re

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


def everything():
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


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
        line["identity_policies"] = [everything()]


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
    line["identity_policies"] = [everything()]


def federated_user(line):
    return ":federated-user/" in line["principal"] and "session_policies" not in line


def without_federated_user(line):
    line["identity_policies"] = []
    line["session_policies"] = [everything()]


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
    values = follows(line)
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
    """Within the first five segments, but for a `*` at the end of one."""
    if not text.startswith("arn:"):
        return "".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in text)
    out = ""
    for at, c in enumerate(text):
        if text[:at].count(":") >= 5:
            out += ".*" if c == "*" else "." if c == "?" else re.escape(c)
            continue
        last = text[at:].lstrip("*")[:1] in ("", ":")
        out += (".*" if last else "[^:]*") if c == "*" else "[^:]" if c == "?" else re.escape(c)
    return out


def many_values(line):
    lists = {key.lower() for key, value in line["context"].items() if isinstance(value, list) and value}
    return any(":" not in operator and operator.lower() != "null" and key.lower() in lists
               for _, operator, key, _ in conditions(line))


def without_many_values(line):
    lists = {key.lower() for key, value in line["context"].items() if isinstance(value, list) and value}
    for _, statement in statements(line):
        found = statement.get("Condition") or {}
        for operator in [name for name in found if ":" not in name and name.lower() != "null"]:
            for key in [key for key in found[operator] if key.lower() in lists]:
                every = "not" in operator.lower()
                word = ("ForAllValues:" if every else "ForAnyValue:") + re.sub("(?i)ifexists$", "", operator)
                test = found[operator].pop(key)
                if key not in found.get(word, {}):
                    found.setdefault(word, {})[key] = test
        statement["Condition"] = {operator: tests for operator, tests in found.items() if tests}


def seconds(line):
    values = follows(line)
    return any("Date" in operator and any(is_seconds(value) for value in [*test, *values.get(key.lower(), [])])
               for _, operator, key, test in conditions(line))


def is_seconds(value):
    return re.fullmatch(r"\d{5,}", str(value)) is not None


def without_seconds(line):
    values = follows(line)
    keys = {}
    for statement, operator, key, test in list(conditions(line)):
        if "Date" in operator:
            statement["Condition"][operator][key] = [iso(str(value)) for value in test]
            keys[key.lower()] = key
    for folded, key in keys.items():
        if any(is_seconds(value) for value in values.get(folded, [])):
            spelled = [name for name in line["context"] if name.lower() == folded]
            texts = [iso(value) for value in values[folded]]
            line["context"][spelled[0] if spelled else key] = texts if len(texts) != 1 else texts[0]


def iso(text):
    if not is_seconds(text):
        return text
    # Account ids count as seconds too, beyond the last year that can be written.
    seconds = min(int(text), 253402300799)
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def any_arn(line):
    return any("Arn" in operator and "*" in values for _, operator, _, values in conditions(line))


def all_addresses(line):
    return any("Ip" in operator and str(value).endswith("/0")
               for _, operator, _, values in conditions(line) for value in values)


def without_all_addresses(line):
    halves = {"0.0.0.0/0": ["0.0.0.0/1", "128.0.0.0/1"], "::/0": ["::/1", "8000::/1"]}
    for statement, operator, key, values in list(conditions(line)):
        if "Ip" in operator:
            statement["Condition"][operator][key] = [
                half for value in values for half in halves.get(str(value), [value])]


def wild_type(line):
    return any(is_wild_type(text) for _, statement in statements(line)
               for element in ("Resource", "NotResource") for text in listed(statement.get(element, [])))


def is_wild_type(text):
    parts = VARIABLE.sub("", text).split(":", 5)
    return len(parts) == 6 and re.match("[^/:]*[*?][^/:]*[/:]", parts[5]) is not None


def without_wild_type(line):
    values = follows(line)
    for policy, statement in statements(line):
        for element in ("Resource", "NotResource"):
            if element in statement:
                statement[element] = [finished(line, text, policy, values) if is_wild_type(text) else text
                                      for text in listed(statement[element])]


def without_any_arn(line):
    for statement, operator, key, values in list(conditions(line)):
        if "Arn" in operator:
            statement["Condition"][operator][key] = ["arn:*:*:*:*:*" if v == "*" else v for v in values]


def resource_variables(line):
    return any("${" in text for _, statement in statements(line)
               for element in ("Resource", "NotResource") for text in listed(statement.get(element, [])))


def without_resource_variables(line):
    values = follows(line)
    for policy, statement in statements(line):
        for element in ("Resource", "NotResource"):
            if element in statement:
                texts = [filled(text, policy, values) for text in listed(statement[element])]
                if None in texts and element == "NotResource":
                    statement["Effect"] = "Allow"
                    statement["Action"] = "none:Nothing"
                    statement.pop("NotAction", None)
                statement[element] = [text for text in texts if text] or ["arn:aws:none:::none"]


def filled(text, policy, values):
    """A text of a policy with its variables; None where one has no value."""
    if policy.get("Version") != "2012-10-17":
        return text.replace("${", "$_") if "*}" not in text and "?}" not in text else "arn:aws:none:::none"
    missing = []

    def value(match):
        key, default = match.group(1), match.group(2)
        if key in ("*", "?", "$"):
            return "\x01" if key != "$" else "$"
        found = values.get(key.lower(), [default] if default is not None else [])
        if len(found) != 1:
            missing.append(key)
            return ""
        return re.sub("[*?]", "\x01", found[0])

    text = VARIABLE.sub(value, text)
    return None if missing else text


def follows(line):
    """The values of the context, with keys that follow from the principal."""
    values = held(line)
    name = line["principal"]
    if line.get("resource_account"):
        values.setdefault("aws:resourceaccount", [line["resource_account"]])
        if line["action"].lower().startswith("s3:"):
            values.setdefault("s3:resourceaccount", [line["resource_account"]])
    if name == "anonymous":
        values.setdefault("aws:principaltype", ["Anonymous"])
        values.setdefault("aws:userid", ["anonymous"])
    if name.startswith("arn:"):
        account, rest = name.split(":")[4], name.split(":", 5)[5]
        kinds = {"user": "User", "federated-user": "FederatedUser", "root": "Account"}
        values.setdefault("aws:principalaccount", [account])
        values.setdefault("aws:principaltype", [kinds.get(rest.split("/")[0], "AssumedRole")])
        role = f"arn:aws:iam::{account}:role/{rest.split('/')[1]}" if rest.startswith("assumed") else name
        values.setdefault("aws:principalarn", [role])
        values.setdefault("aws:principalisawsservice", ["false"])
        if ":user/" in name and ":federated-user/" not in name:
            values.setdefault("aws:username", [name.split("/")[-1]])
        if is_root(line):
            values.setdefault("aws:userid", [name.split(":")[4]])
        if ":federated-user/" in name:
            values.setdefault("aws:userid", [name.split(":")[4] + ":" + name.split("/")[-1]])
    return values


def old_variables(line):
    return any(policy.get("Version") != "2012-10-17" and "${" in str(statement.get("Condition"))
               for policy, statement in statements(line))


def without_old_variables(line):
    for statement, operator, key, values in list(conditions(line)):
        statement["Condition"][operator][key] = values
    for policy, statement in statements(line):
        if policy.get("Version") != "2012-10-17":
            for operator, tests in (statement.get("Condition") or {}).items():
                for key, values in tests.items():
                    tests[key] = [str(value).replace("${", "$_") for value in listed(values)]


def open_variables(line):
    if line["context_complete"]:
        return []
    values = follows(line)
    texts = [text for _, statement in statements(line) for element in ("Resource", "NotResource")
             for text in listed(statement.get(element, []))]
    texts += [str(value) for _, _, _, test in conditions(line) for value in test]
    keys = {match.group(1) for text in texts for match in VARIABLE.finditer(text)}
    return sorted(key for key in keys if key.lower() not in values and key not in "*?$")


def without_open_variables(line):
    for key in open_variables(line):
        if key.lower() not in held(line):
            line["context"][key] = "dev"


def asks_for_presence(operator):
    return operator.lower() == "null" or operator.lower().startswith("forallvalues:")


def open_presence(line):
    values = follows(line)
    return not line["context_complete"] and any(
        asks_for_presence(operator) and key.lower() not in values for _, operator, key, _ in conditions(line))


def without_open_presence(line):
    values = follows(line)
    for _, operator, key, _ in conditions(line):
        if asks_for_presence(operator) and key.lower() not in values:
            line["context"][key] = []


def session_names(line):
    return not line["context_complete"] and ":assumed-role/" in str(line.get("resource_policy"))


def without_session_names(line):
    line["context_complete"] = True


def foreign_provider(line):
    match = re.match(r"federated:arn:aws:iam::(\d{12}):", line["principal"])
    return bool(match) and match.group(1) != line.get("resource_account", match.group(1))


def without_foreign_provider(line):
    # The provider is moved to the account of the role, in the policies too.
    old = line["principal"][len("federated:"):]
    new = re.sub(r"::\d{12}:", f"::{line['resource_account']}:", old)
    line["principal"] = "federated:" + new
    for _, statement in statements(line):
        for element in ("Principal", "NotPrincipal"):
            names = statement.get(element)
            if isinstance(names, dict) and names.get("Federated") == old:
                names["Federated"] = new


def other_types(line):
    values = follows(line)
    return any(is_other_type(operator, value, values.get(key.lower(), []))
               for _, operator, key, test in conditions(line) for value in test)


def is_other_type(operator, expected, found):
    both = [*found, str(expected)] if found else []
    if "Arn" in operator:
        # A lone `*` is another class.
        both = [text for text in both if text != "*"]
        return any(text.count(":") < 5 or not text.startswith("arn:") for text in both)
    if "Numeric" in operator:
        return any(not re.fullmatch(r"-?\d+(\.\d+)?", text) for text in both)
    if "Date" in operator:
        return any(not re.fullmatch(r"\d{4}-\d\d-\d\d(T.*)?|\d{5,}", text) for text in found)
    if "Ip" in operator:
        return any((":" in text) != (":" in str(expected)) or not re.match(r"[0-9a-f]*[.:][0-9a-f.:/]+$", text)
                   for text in found)
    return False


def without_other_types(line):
    values = follows(line)
    for _, statement in statements(line):
        found = statement.get("Condition") or {}
        for operator in list(found):
            for key in list(found[operator]):
                test = listed(found[operator][key])
                here = values.get(key.lower(), [])
                good = [value for value in test if not is_other_type(operator, value, here)]
                if len(good) == len(test):
                    continue
                # By the documentation nothing equals a value of another type.
                if good:
                    found[operator][key] = good
                elif "not" in operator.lower():
                    del found[operator][key]
                else:
                    del found[operator][key]
                    found.setdefault("Null", {})["aws:CurrentTime"] = ["false"]
                    line["context"] = {name: value for name, value in line["context"].items()
                                       if name.lower() != "aws:currenttime"}
                    line["context"]["aws:CurrentTime"] = []
        if found:
            statement["Condition"] = {name: tests for name, tests in found.items() if tests}


def either_way(line):
    return not line["context_complete"] and any(
        operator.lower().endswith("ifexists") and "*" in test for _, operator, _, test in conditions(line))


def without_either_way(line):
    for _, operator, key, test in conditions(line):
        if operator.lower().endswith("ifexists") and "*" in test and key.lower() not in follows(line):
            line["context"][key] = []


def contradictions(line):
    if line["context_complete"]:
        return False
    values = follows(line)
    for _, statement in statements(line):
        keys = [key.lower() for tests in (statement.get("Condition") or {}).values() for key in tests]
        if any(keys.count(key) > 1 and key not in values for key in keys):
            return True
    return False


def without_contradictions(line):
    values = follows(line)
    for _, statement in statements(line):
        keys = [key for tests in (statement.get("Condition") or {}).values() for key in tests]
        for key in keys:
            if [one.lower() for one in keys].count(key.lower()) > 1 and key.lower() not in values:
                line["context"][key] = []


def empty_values(line):
    return any("" in listed(value) for value in line["context"].values() if value is not None)


def without_empty_values(line):
    for key, value in line["context"].items():
        if value is not None and "" in listed(value):
            line["context"][key] = "dev"


CHANGES = ["iam:" + name for name in (
    "attachrolepolicy", "detachrolepolicy", "putrolepolicy", "deleterolepolicy", "updateassumerolepolicy",
    "putrolepermissionsboundary", "deleterolepermissionsboundary", "deleterole")]


def protected_role(line):
    return line["action"].lower().startswith("iam:") and (
        ":role/aws-service-role/" in line["resource"] or ":role/aws-reserved/" in line["resource"])


def without_protected_role(line):
    resource = line["resource"]
    line["resource"] = resource.split(":role/")[0] + ":role/ordinary"
    for _, statement in statements(line):
        for element in ("Resource", "NotResource"):
            if element in statement:
                statement[element] = [
                    line["resource"] if re.fullmatch(wild(text), resource) else
                    "arn:aws:none:::none" if ":role/" in text else text
                    for text in listed(statement[element])]


def direct_grant(line):
    return bool(line.get("session_policies") and line.get("resource_policy")) and any(
        statement["Effect"] == "Allow" and is_direct(line["principal"], statement.get("Principal"))
        for statement in listed(line["resource_policy"]["Statement"]))


def is_direct(principal, named):
    names = listed(named.get("AWS", [])) if isinstance(named, dict) else [named]
    return "*" in names or principal in names


def without_direct_grant(line):
    line["session_policies"].append(everything())


def role_grant(line):
    names = [line["principal"], role_behind(line["principal"])]
    return not line["context_complete"] and "role/" in line["principal"] and bool(
        line.get("permission_boundaries") and line.get("resource_policy")) and any(
        is_direct(name, statement.get("Principal")) for name in names
        for statement in listed(line["resource_policy"]["Statement"]))


def role_behind(name):
    match = re.fullmatch(r"arn:aws:sts::(\d+):assumed-role/([^/]+)/.*", name)
    return f"arn:aws:iam::{match.group(1)}:role/{match.group(2)}" if match else name


def without_role_grant(line):
    line["permission_boundaries"].append(everything())


def no_resource_policy(line):
    return "resource_policy" not in line and (
        line["action"].lower() in ROLE_ASSUMPTIONS or ":key/" in line["resource"]
        and line["action"].lower().startswith("kms:"))


def without_no_resource_policy(line):
    account = line.get("resource_account", "111122223333")
    statement = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "*", "Resource": "*"}
    if line["action"].lower().startswith("sts:"):
        del statement["Resource"]
    line["resource_policy"] = {"Version": "2012-10-17", "Statement": [statement]}


CLASSES = [
    ("always allowed", always_allowed, without_always_allowed),
    ("role assumption refused", refused, without_refused),
    ("root user", root, without_root),
    ("federated user without session policy", federated_user, without_federated_user),
    ("services without resource control", resource_control, without_resource_control),
    ("grants to sessions beside session policies", direct_grant, without_direct_grant),
    ("roles and keys without policy", no_resource_policy, without_no_resource_policy),
    ("service-linked roles and service control", service_control, without_service_control),
    ("whom NotPrincipal spares", spared, without_spared),
    ("unfinished ARNs", unfinished_arn, without_unfinished_arn),
    ("several values without set operator", many_values, without_many_values),
    ("seconds since 1970", seconds, without_seconds),
    ("any ARN", any_arn, without_any_arn),
    ("ranges of all addresses", all_addresses, without_all_addresses),
    ("wildcards in the type of a resource", wild_type, without_wild_type),
    ("open policy variables", open_variables, without_open_variables),
    ("policy variables in resources", resource_variables, without_resource_variables),
    ("policy variables of version 2008-10-17", old_variables, without_old_variables),
    ("open keys of Null and ForAllValues", open_presence, without_open_presence),
    ("names of sessions", session_names, without_session_names),
    ("providers of another account", foreign_provider, without_foreign_provider),
    ("protected roles", protected_role, without_protected_role),
    ("values of another type", other_types, without_other_types),
    ("conditions that hold either way", either_way, without_either_way),
    ("conditions that exclude each other", contradictions, without_contradictions),
    ("empty values", empty_values, without_empty_values),
    ("grants to roles beside boundaries", role_grant, without_role_grant),
]


def names(line, our, their):
    found = [name for name, holds, _ in CLASSES if holds(line)]
    # Both refuse; ours has shown that one deny or another applies whatever is not known.
    if not found and not line["context_complete"] and len(our["because"]) > 1 and (
            our["decision"], their["checked"]) == ("explicit_deny", "implicit_deny"):
        return ["denied by several denies together"]
    return found


def rewritten(line):
    line = copy.deepcopy(line)
    for _, holds, without in CLASSES:
        if holds(line):
            without(line)
    return line
