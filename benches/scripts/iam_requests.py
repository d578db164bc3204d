#!/usr/bin/env python3
"""Draws random requests from real AWS policies, in the batch contract of `cspm iam evaluate`.

    python3 benches/scripts/iam_requests.py --samples FOLDER... [--seed 1] [--first 0] [--count 1000]
                                            [--as-written]

Each FOLDER is searched for policy documents: JSON files, one object a line, gzipped or not, documents
as objects or as texts. A request begins with a statement of one of them, so that about half of the
statements match; the policies around it are documents of the same kind and mutations of them: conditions
of every operator, Not* elements, policy variables, explicit denies, boundaries, session policies, levels
of an organisation, endpoints. Request number N depends on the seed and N alone.

With --as-written nothing is mutated: one to three whole documents of identities, as they stand, an action of
one of their statements, a complete context. That is what speed is measured on.
"""

import argparse
import base64
import copy
import gzip
import json
import os
import random
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TABLE = os.path.join(HERE, "../../cspm-iam/data/aws-actions.tsv.gz")
ACCOUNTS = ["111122223333", "444455556666", "777788889999"]
OPERATORS_TEXT = ["StringEquals", "StringNotEquals", "StringEqualsIgnoreCase",
                  "StringNotEqualsIgnoreCase", "StringLike", "StringNotLike"]
OPERATORS = {
    "text": OPERATORS_TEXT,
    "number": ["NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals",
               "NumericGreaterThan", "NumericGreaterThanEquals"],
    "date": ["DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals",
             "DateGreaterThan", "DateGreaterThanEquals"],
    "bool": ["Bool"],
    "binary": ["BinaryEquals"],
    "address": ["IpAddress", "NotIpAddress"],
    "arn": ["ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"],
}
# Key, type of its values, whether it holds several.
KEYS = [
    ("aws:SourceIp", "address", False), ("aws:VpcSourceIp", "address", False),
    ("aws:SourceVpc", "text", False), ("aws:SourceVpce", "text", False),
    ("aws:PrincipalTag/team", "text", False), ("aws:RequestTag/team", "text", False),
    ("aws:ResourceTag/team", "text", False), ("aws:TagKeys", "text", True),
    ("aws:CurrentTime", "date", False), ("aws:EpochTime", "date", False),
    ("aws:TokenIssueTime", "date", False), ("aws:MultiFactorAuthAge", "number", False),
    ("aws:MultiFactorAuthPresent", "bool", False), ("aws:SecureTransport", "bool", False),
    ("aws:ViaAWSService", "bool", False), ("aws:CalledVia", "text", True),
    ("aws:SourceArn", "arn", False), ("aws:SourceAccount", "text", False),
    ("aws:PrincipalArn", "arn", False), ("aws:PrincipalOrgID", "text", False),
    ("aws:PrincipalOrgPaths", "text", True), ("aws:PrincipalAccount", "text", False),
    ("aws:PrincipalType", "text", False), ("aws:PrincipalIsAWSService", "bool", False),
    ("aws:ResourceAccount", "text", False), ("aws:ResourceOrgID", "text", False),
    ("aws:RequestedRegion", "text", False), ("aws:UserAgent", "text", False),
    ("aws:Referer", "text", False), ("aws:username", "text", False), ("aws:userid", "text", False),
    ("s3:prefix", "text", False), ("s3:delimiter", "text", False), ("s3:max-keys", "number", False),
    ("s3:x-amz-acl", "text", False), ("s3:signatureAge", "number", False),
    ("kms:ViaService", "text", False), ("kms:CallerAccount", "text", False),
    ("kms:EncryptionContextKeys", "text", True), ("iam:PassedToService", "text", False),
    ("sts:ExternalId", "text", False), ("sts:RoleSessionName", "text", False),
    ("dynamodb:LeadingKeys", "text", True), ("ec2:InstanceType", "text", False),
    ("sqs:blob", "binary", False), ("token.actions.githubusercontent.com:sub", "text", False),
    ("secretsmanager:VersionStage", "text", False), ("lambda:FunctionArn", "arn", False),
]
KIND_OF = {key.lower(): (kind, many) for key, kind, many in KEYS}
# Keys of the sample's own policies that hold several values.
MANY = {"dynamodb:attributes", "ec2:attribute",
        "route53:changeresourcerecordsetsnormalizedrecordnames", "sts:transitivetagkeys"}
WORDS = ["dev", "prod", "Dev", "team-a", "team-b", "data", "web", "x", "logs", "ana"]
VARIABLES = ["aws:username", "aws:PrincipalTag/team", "aws:PrincipalAccount", "s3:prefix",
             "aws:userid", "aws:PrincipalOrgID"]
VARIABLE = re.compile(r"\$\{([^},]*)(?:,\s*'([^']*)')?\}")


class Table:
    """Actions with their resource types, and ARNs of the types."""

    def __init__(self, path):
        self.by_service, self.types, self.names, self.keys = {}, {}, {}, {}
        service = None
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                fields = line.rstrip("\n").split("\t")
                if fields[0] == "S":
                    service = fields[1]
                    self.by_service[service] = []
                elif fields[0] == "R":
                    self.types[(service, fields[1])] = fields[2].split()
                elif fields[0] == "A":
                    types = [name.rstrip("*") for name in fields[3].split(",") if name]
                    self.by_service[service].append(fields[1])
                    folded = f"{service}:{fields[1]}".lower()
                    self.names[folded] = (f"{service}:{fields[1]}", types)
                    self.keys[folded] = {(service + key if key.startswith(":") else key).lower()
                                         for key in fields[4].split()}
        self.all = sorted(self.names)
        self.cache = {}

    def matching(self, pattern):
        pattern = pattern.lower()
        if pattern not in self.cache:
            service = pattern.split(":")[0]
            if "*" in service or "?" in service:
                names = self.all
            else:
                names = [f"{service}:{name}".lower() for name in self.by_service.get(service, [])]
            expression = re.compile(expression_of(pattern))
            self.cache[pattern] = [name for name in names if expression.fullmatch(name)]
        return self.cache[pattern]

    def fits(self, action, arn):
        """Whether the ARN is of a type that the action is about."""
        _, types = self.names[action.lower()]
        service = action.split(":")[0].lower()
        known = [arn for name in types for arn in self.types.get((service, name), [])]
        return any(re.fullmatch(expression_of(re.sub(r"\$\{[^}]*\}", "*", text)), arn) for text in known)

    def arn(self, rng, action, account):
        """An ARN that the action can be asked for; `*` where it takes no resource."""
        _, types = self.names.get(action.lower(), (action, []))
        service = action.split(":")[0].lower()
        arns = [arn for name in types for arn in self.types.get((service, name), [])]
        if not arns:
            return "*"
        arn = rng.choice(arns).replace("${Partition}", "aws").replace("${Account}", account)
        arn = arn.replace("${Region}", "eu-west-1")
        return re.sub(r"\$\{[^}]*\}", lambda _: rng.choice(WORDS), arn)


def expression_of(pattern):
    return "".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern)


def documents(folders):
    """Policies of identities and of resources, each once, in an order that does not change."""
    found = {}

    def visit(value):
        stack = [value]
        while stack:
            value = stack.pop()
            if isinstance(value, list):
                stack.extend(reversed(value))
            elif isinstance(value, dict):
                if "Statement" in value and isinstance(value["Statement"], (list, dict)):
                    found.setdefault(json.dumps(value, sort_keys=True), value)
                else:
                    stack.extend(value[key] for key in sorted(value, reverse=True))
            elif isinstance(value, str) and value.lstrip().startswith("{") and "Statement" in value:
                try:
                    stack.append(json.loads(value))
                except ValueError:
                    pass

    for folder in folders:
        for path, folders_in, files in sorted(os.walk(folder)):
            if "findings" in path.split(os.sep):
                continue
            for name in sorted(files):
                whole = os.path.join(path, name)
                try:
                    opened = gzip.open if name.endswith(".gz") else open
                    with opened(whole, "rt", encoding="utf-8") as file:
                        text = file.read()
                except (OSError, UnicodeDecodeError):
                    continue
                try:
                    visit(json.loads(text))
                except ValueError:
                    for line in text.splitlines():
                        try:
                            visit(json.loads(line))
                        except ValueError:
                            break
    identity, resource = [], []
    for key in sorted(found):
        document = found[key]
        statements = listed(document["Statement"])
        if not all(isinstance(s, dict) and s.get("Effect") in ("Allow", "Deny")
                   and ("Action" in s or "NotAction" in s) for s in statements) or not statements:
            continue
        named = any("Principal" in s or "NotPrincipal" in s for s in statements)
        (resource if named else identity).append(document)
    return identity, resource


def listed(value):
    return value if isinstance(value, list) else [value]


class Draw:
    """One request."""

    def __init__(self, rng, table, identity, resource):
        self.rng, self.table = rng, table
        self.identity_documents, self.resource_documents = identity, resource
        self.context = {}
        self.action = ""
        self.account = rng.choice(ACCOUNTS[:2])

    def chance(self, share):
        return self.rng.random() < share

    # Principals.

    def principal(self, kinds):
        rng, account = self.rng, self.account
        kind = rng.choice(kinds)
        name = rng.choice(["ana", "bob", "web"])
        path = rng.choice(["", "", "team/"])
        if kind == "user":
            return f"arn:aws:iam::{account}:user/{path}{name}"
        if kind == "role":
            return f"arn:aws:iam::{account}:role/{path}{name}"
        if kind == "session":
            return f"arn:aws:sts::{account}:assumed-role/{name}/{rng.choice(['s1', 's2', 'i-0a1'])}"
        if kind == "linked":
            return (f"arn:aws:iam::{account}:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX")
        if kind == "federated-user":
            return f"arn:aws:sts::{account}:federated-user/{name}"
        if kind == "root":
            return f"arn:aws:iam::{account}:root"
        if kind == "service":
            return rng.choice(["lambda.amazonaws.com", "s3.amazonaws.com", "ec2.amazonaws.com",
                               "cloudtrail.amazonaws.com", "sns.amazonaws.com"])
        if kind == "web-identity":
            return (f"federated:arn:aws:iam::{account}:oidc-provider/"
                    "token.actions.githubusercontent.com")
        if kind == "saml":
            return f"federated:arn:aws:iam::{account}:saml-provider/corp"
        return "anonymous"

    def names_of(self, principal):
        """How a policy may name this principal, and others."""
        rng = self.rng
        other = rng.choice(ACCOUNTS)
        if principal.startswith("federated:"):
            return {"Federated": principal[len("federated:"):]}
        if principal.endswith(".amazonaws.com"):
            return {"Service": principal}
        if principal == "anonymous":
            return rng.choice(["*", {"AWS": "*"}])
        account, rest = principal.split(":")[4], principal.split(":", 5)[5]
        names = [principal, principal, principal, account, f"arn:aws:iam::{account}:root"]
        if rest.startswith("assumed-role/"):
            names += [f"arn:aws:iam::{account}:role/{rest.split('/')[1]}"] * 4
        if rest.startswith("federated-user/"):
            names += [f"arn:aws:iam::{account}:user/{rest.split('/')[1]}"]
        names += [f"arn:aws:iam::{other}:role/web", f"arn:aws:iam::{other}:user/ana", other,
                  f"arn:aws:sts::{account}:assumed-role/web/s2"]
        draw = rng.random()
        if draw < 0.1:
            return "*"
        if draw < 0.17:
            return {"AWS": "*"}
        if draw < 0.8:
            return {"AWS": rng.choice(names)}
        return {"AWS": [rng.choice(names), rng.choice(names)]}

    # Elements.

    def action_of(self, statement):
        """An action that the statement is about, most of the time."""
        rng = self.rng
        patterns = listed(statement.get("Action") or statement.get("NotAction"))
        pattern = rng.choice(patterns)
        names = self.table.matching(pattern)
        if "NotAction" in statement and self.chance(0.6) or not names:
            names = self.table.all
        elif self.chance(0.06):
            names = self.table.matching(pattern.split(":")[0] + ":*") or names
        return self.table.names[rng.choice(names)][0]

    def resource_of(self, statement, action):
        rng = self.rng
        if "Resource" in statement and self.chance(0.9):
            pattern = rng.choice(listed(statement["Resource"]))
            if pattern != "*":
                text = self.filled(pattern)
                if self.table.fits(action, text) or self.chance(0.02):
                    return text
        account = self.account if self.chance(0.8) else rng.choice(ACCOUNTS)
        return self.table.arn(rng, action, account)

    def filled(self, pattern):
        """A text that the pattern matches, where the context has what its variables read."""
        rng = self.rng

        def value(match):
            key = match.group(1)
            if key in ("*", "?", "$"):
                return key
            held = self.context.get(key)
            if isinstance(held, str) and self.chance(0.8):
                return held
            return rng.choice(WORDS)

        text = VARIABLE.sub(value, pattern)
        parts = text.split(":", 5)
        if len(parts) == 6 and parts[0] == "arn":
            defaults = [None, "aws", "s3", "eu-west-1", self.account, None]
            for at in (1, 3, 4):
                if parts[at] == "*":
                    parts[at] = defaults[at]
            text = ":".join(parts)
        text = re.sub(r"\*", lambda _: rng.choice(WORDS + ["", "a/b", "q:r"]), text)
        return text.replace("?", "k")

    # Conditions.

    def value(self, kind):
        rng = self.rng
        if kind == "number":
            return rng.choice(["0", "1", "10", "10.5", "100", "3600", "-1", "7.0"])
        if kind == "date":
            return rng.choice(["2026-01-01T00:00:00Z", "2026-06-30T12:00:00Z", "2025-12-31",
                               "1767225600", "2026-01-01T02:00:00+02:00", "2027-01-01T00:00:00.5Z"])
        if kind == "bool":
            return rng.choice(["true", "false", "True"])
        if kind == "binary":
            return base64.b64encode(rng.choice(["a", "bin", "QmluYXJ5"]).encode()).decode()
        if kind == "address":
            return rng.choice(["203.0.113.9", "203.0.113.200", "198.51.100.7", "10.0.0.4",
                               "2001:db8::1", "2001:db8:1::9"])
        if kind == "arn":
            account = rng.choice(ACCOUNTS)
            return rng.choice([
                f"arn:aws:iam::{account}:role/web", f"arn:aws:iam::{account}:user/ana",
                f"arn:aws:sns:eu-west-1:{account}:topic", f"arn:aws:s3:::{rng.choice(WORDS)}",
                f"arn:aws:lambda:eu-west-1:{account}:function:f:live"])
        return rng.choice(WORDS + ["o-exampleorg", "vpce-1a2b", "eu-west-1", ACCOUNTS[0], "o-x/r-1/ou-1/",
                                   "ec2.amazonaws.com", "AWSCURRENT", "User", "AssumedRole"])

    def pattern(self, kind, operator):
        rng = self.rng
        text = self.value(kind)
        if kind == "address" and self.chance(0.6):
            return rng.choice(["203.0.113.0/24", "198.51.100.0/25", "10.0.0.0/8", "0.0.0.0/0",
                               "2001:db8::/32", "203.0.113.9/32", "::/0"])
        if kind == "text" and self.chance(0.12):
            return "${" + rng.choice(VARIABLES) + rng.choice(["", "", ", 'dev'"]) + "}"
        if kind == "arn" and self.chance(0.5):
            return rng.choice(["arn:aws:iam::*:role/*", "arn:aws:*:*:*:*", "arn:aws:s3:::*",
                               "arn:aws:iam::" + self.account + ":*", "arn:*:lambda:*:*:function:*",
                               "arn:aws:iam::??????????33:user/a*", "*"])
        if kind == "text" and "Like" in operator and self.chance(0.6):
            cut = rng.randrange(len(text) + 1)
            return text[:cut] + rng.choice(["*", "?", "*"]) + text[cut + 1:]
        return text

    def condition(self):
        rng = self.rng
        documented = self.table.keys.get(self.action.lower(), set())
        while True:
            key, kind, many = rng.choice(KEYS)
            # Keys of services mean something for their own actions only.
            if key.startswith("aws:") or key.lower() in documented or self.chance(0.04):
                break
        if self.chance(0.1):
            return "Null", key, rng.choice(["true", "false"])
        if kind == "text" and self.chance(0.05):
            operator = rng.choice(sum(OPERATORS.values(), []))
        else:
            operator = rng.choice(OPERATORS[kind])
        kinds = [kind for kind, names in OPERATORS.items() if operator in names]
        values = [self.pattern(kinds[0], operator) for _ in range(rng.choice([1, 1, 2, 3]))]
        if self.chance(0.25):
            operator += "IfExists"
        if self.chance(0.75 if many else 0.06):
            operator = rng.choice(["ForAllValues:", "ForAnyValue:"]) + operator
        if self.chance(0.1):
            key = rng.choice([key.lower(), key.upper()])
        return operator, key, values[0] if len(values) == 1 and self.chance(0.7) else values

    def add_conditions(self, statement, count):
        conditions = copy.deepcopy(statement.get("Condition") or {})
        for _ in range(count):
            operator, key, values = self.condition()
            conditions.setdefault(operator, {})[key] = values
        statement["Condition"] = conditions

    def fill_context(self, documents):
        """Values that fulfil the conditions, values that do not, and keys that are left out."""
        rng = self.rng
        keys = {}
        for document in documents:
            for statement in listed(document["Statement"]):
                for operator, tests in (statement.get("Condition") or {}).items():
                    for key, values in tests.items():
                        keys.setdefault(key.lower(), (key, []))[1].append((operator, listed(values)))
                for text in listed(statement.get("Resource") or []):
                    for match in VARIABLE.finditer(text):
                        keys.setdefault(match.group(1).lower(), (match.group(1), []))
        for folded in sorted(keys):
            key, tests = keys[folded]
            if folded in ("*", "?", "$") or self.chance(0.22) or folded in self.known():
                continue
            kind, many = KIND_OF.get(folded, ("text", folded in MANY))
            values = []
            for _ in range(rng.choice([1, 2, 3]) if many else 1):
                if tests and self.chance(0.65):
                    operator, patterns = rng.choice(tests)
                    if operator == "Null" or not patterns:
                        values.append(self.value(kind))
                    else:
                        values.append(self.meeting(str(rng.choice(patterns)), operator))
                else:
                    values.append(self.value(kind))
            if many and self.chance(0.06):
                values = []
            spelled = key if self.chance(0.9) else key.swapcase()
            self.context[spelled] = values if many or self.chance(0.02) else values[0]

    def known(self):
        return {key.lower() for key in self.context}

    def meeting(self, pattern, operator):
        if "Ip" in operator:
            return pattern.split("/")[0]
        if "Arn" in operator or "Like" in operator:
            return self.filled(pattern) if pattern != "*" else self.value("arn")
        return VARIABLE.sub(lambda match: str(self.context.get(match.group(1), "dev")), pattern)

    # Documents.

    def trimmed(self, document, keep=None):
        """A copy with few statements and short lists, `keep` among them."""
        rng = self.rng
        statements = listed(document["Statement"])
        chosen = [s for s in statements if s is keep]
        others = [s for s in statements if s is not keep]
        rng.shuffle(others)
        chosen += others[: rng.choice([0, 1, 2, 4]) or (not chosen)]
        chosen = copy.deepcopy(chosen)
        for statement in chosen:
            for element in ("Action", "NotAction", "Resource", "NotResource"):
                values = statement.get(element)
                if isinstance(values, list) and len(values) > 12:
                    statement[element] = rng.sample(values, 12)
        rng.shuffle(chosen)
        copied = {key: value for key, value in document.items() if key in ("Version", "Id")}
        copied["Statement"] = chosen if len(chosen) > 1 or self.chance(0.7) else chosen[0]
        return copied

    def mutate(self, document, action, resource, principal=None):
        rng = self.rng
        statements = listed(document["Statement"])
        for statement in statements:
            if self.chance(0.25):
                self.add_conditions(statement, rng.choice([1, 1, 2]))
            if self.chance(0.06) and "Action" in statement:
                statement["NotAction"] = statement.pop("Action")
                if self.chance(0.7):
                    statement["NotAction"] = self.action_patterns(rng.choice(self.table.all))
            if self.chance(0.06) and "Resource" in statement:
                statement["NotResource"] = statement.pop("Resource")
                if self.chance(0.7):
                    statement["NotResource"] = self.resource_patterns("arn:aws:s3:::other/k")
            if self.chance(0.08) and isinstance(statement.get("Resource"), (str, list)):
                statement["Resource"] = self.resource_patterns(resource)
        if self.chance(0.15):
            statement = {"Effect": "Deny", "Action": self.action_patterns(action),
                         "Resource": self.resource_patterns(resource)}
            if principal is not None:
                self.add_principal(statement, principal)
            if self.chance(0.7):
                self.add_conditions(statement, 1)
            statements = statements + [statement]
            rng.shuffle(statements)
            document["Statement"] = statements
        draw = rng.random()
        if draw < 0.04:
            document["Version"] = "2008-10-17"
        elif draw < 0.07:
            document.pop("Version", None)
        elif "Version" not in document or draw < 0.9:
            document["Version"] = "2012-10-17"
        return document

    def action_patterns(self, action):
        rng = self.rng
        service, name = action.split(":", 1)
        cut = rng.randrange(len(name) + 1)
        patterns = [action, action, f"{service}:*", f"{service}:{name[:cut]}*", "*",
                    f"{service}:{name[:1]}?{name[2:]}", action.upper()]
        chosen = rng.choice(patterns)
        return chosen if self.chance(0.6) else [chosen, self.table.names[rng.choice(self.table.all)][0]]

    def resource_patterns(self, resource):
        rng = self.rng
        cut = rng.randrange(len(resource) + 1)
        patterns = [resource, resource, "*", "*", resource[:max(cut, 4)] + "*"]
        if len(resource) > 12 and resource.startswith("arn:"):
            head, tail = resource[:-3], resource[-3:]
            patterns += [head + "???", head + "*" + tail[-1:], head + "${" + rng.choice(VARIABLES) + "}",
                         head + "${" + rng.choice(VARIABLES) + ", 'dev'}", head + "${*}",
                         resource + "/*", resource.replace("eu-west-1", "*")]
        chosen = rng.choice(patterns)
        return chosen if self.chance(0.7) else [chosen, "arn:aws:s3:::elsewhere/*"]

    def add_principal(self, statement, principal):
        negated = statement["Effect"] == "Deny" and self.chance(0.15) or self.chance(0.02)
        statement["NotPrincipal" if negated else "Principal"] = self.names_of(principal)

    def identity_document(self, action, resource):
        document = self.trimmed(self.rng.choice(self.identity_documents))
        return self.mutate(document, action, resource)

    def limit(self, action, resource, principal=None):
        """A policy that limits: full access with denies, the action's service, or any document."""
        rng = self.rng
        draw = rng.random()
        if draw < 0.35:
            statements = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
        elif draw < 0.75:
            statements = [{"Effect": "Allow", "Action": self.action_patterns(action),
                           "Resource": self.resource_patterns(resource)}]
        elif draw < 0.9:
            statements = listed(self.trimmed(rng.choice(self.identity_documents))["Statement"])
        else:
            statements = [{"Effect": "Allow", "NotAction": self.action_patterns(action),
                           "Resource": "*"}]
        if self.chance(0.3):
            statements.append({"Effect": "Deny",
                               rng.choice(["Action", "Action", "NotAction"]): self.action_patterns(action),
                               "Resource": self.resource_patterns(resource)})
        for statement in statements:
            if self.chance(0.3):
                self.add_conditions(statement, 1)
            if principal is not None:
                statement["Principal"] = principal
        return {"Version": "2012-10-17", "Statement": statements}

    def resource_control(self, action, resource):
        """Denies for everyone, of actions of services by name, as AWS accepts them."""
        rng = self.rng
        statements = []
        for _ in range(rng.choice([1, 1, 2])):
            actions = [pattern for pattern in listed(self.action_patterns(action)) if pattern != "*"]
            statement = {"Effect": "Deny", "Principal": "*",
                         "Action": actions or f"{action.split(':')[0]}:*",
                         "Resource": self.resource_patterns(resource)}
            if self.chance(0.15):
                statement["NotResource"] = statement.pop("Resource")
            if self.chance(0.8):
                self.add_conditions(statement, rng.choice([1, 1, 2]))
            statements.append(statement)
        return {"Version": "2012-10-17", "Statement": statements}

    def resource_policy(self, action, resource, principal, shapes):
        """The policy of the resource; `shapes` says what real documents may be drawn from."""
        rng = self.rng
        statements = []
        if shapes and self.chance(0.3):
            real = self.trimmed(rng.choice(shapes))
            statements += listed(real["Statement"])
            for statement in statements:
                if self.chance(0.5):
                    statement.pop("NotPrincipal", None)
                    statement["Principal"] = self.names_of(principal)
                if "Resource" in statement and self.chance(0.6):
                    statement["Resource"] = self.resource_patterns(resource)
        for _ in range(rng.choice([0, 1, 1, 1, 2]) if statements else rng.choice([1, 1, 2, 3])):
            statement = {"Effect": "Allow" if self.chance(0.8) else "Deny",
                         "Action": self.action_patterns(action),
                         "Resource": self.resource_patterns(resource)}
            self.add_principal(statement, principal)
            if self.chance(0.3):
                self.add_conditions(statement, 1)
            statements.append(statement)
        if action.lower().startswith("sts:"):
            for statement in statements:
                statement.pop("Resource", None)
                statement.pop("NotResource", None)
        document = {"Version": "2012-10-17", "Statement": statements}
        if self.chance(0.06):
            document["Version"] = "2008-10-17"
        return document


RESOURCE_SERVICES = {
    "s3": ["s3:GetObject", "s3:PutObject", "s3:ListBucket", "s3:DeleteObject", "s3:GetBucketPolicy",
           "s3:PutBucketPolicy"],
    "sqs": ["sqs:SendMessage", "sqs:ReceiveMessage", "sqs:SetQueueAttributes"],
    "sns": ["sns:Publish", "sns:Subscribe", "sns:SetTopicAttributes"],
    "lambda": ["lambda:InvokeFunction", "lambda:UpdateFunctionCode", "lambda:GetFunction"],
    "kms": ["kms:Decrypt", "kms:Encrypt", "kms:PutKeyPolicy", "kms:CreateGrant",
            "kms:GenerateDataKey"],
    "secretsmanager": ["secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"],
}


def resource_arn(rng, service, action, account):
    word = rng.choice(WORDS)
    if service == "s3":
        bucket = f"arn:aws:s3:::{word}-bucket"
        return bucket if "Bucket" in action else f"{bucket}/{rng.choice(WORDS)}/k"
    region = f"arn:aws:{service}:eu-west-1:{account}"
    return {"sqs": f"{region}:{word}", "sns": f"{region}:{word}", "lambda": f"{region}:function:{word}",
            "kms": f"{region}:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "secretsmanager": f"{region}:secret:{word}-a1B2c3"}[service]


def request(rng, index, table, identity, resource):
    draw = Draw(rng, table, identity, resource)
    line = {"id": str(index)}
    shape = rng.random()
    owner = draw.account if draw.chance(0.6) else rng.choice(ACCOUNTS)
    documents_used = []
    if shape < 0.45:
        principal = draw.principal(["user", "user", "role", "role", "session", "session",
                                    "federated-user", "root", "linked"])
        base = rng.choice(identity)
        statement = rng.choice(listed(base["Statement"]))
        action = draw.action_of(statement)
        draw.action = action
        arn = draw.resource_of(statement, action)
        owner = draw.account if draw.chance(0.93) else owner
        policies = [draw.mutate(draw.trimmed(base, statement), action, arn)]
        policy = None
        if draw.chance(0.1):
            policy = draw.resource_policy(action, arn, principal, [])
    elif shape < 0.85:
        principal = draw.principal(["user", "user", "role", "role", "session", "session", "session",
                                    "federated-user", "root", "service", "anonymous", "linked"])
        service = rng.choice(sorted(RESOURCE_SERVICES))
        action = rng.choice(RESOURCE_SERVICES[service])
        draw.action = action
        arn = resource_arn(rng, service, action, owner)
        shapes = [d for d in resource
                  if any(str(a).lower().startswith((service, "*")) for s in listed(d["Statement"])
                         for a in listed(s.get("Action", [])))]
        policy = draw.resource_policy(action, arn, principal, shapes) if draw.chance(0.93) else None
        policies = []
        if draw.chance(0.75):
            policies = [{"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Action": draw.action_patterns(action),
                 "Resource": draw.resource_patterns(arn)}]}]
            if draw.chance(0.3):
                draw.mutate(policies[0], action, arn)
    else:
        principal = draw.principal(["user", "role", "session", "session", "service", "web-identity", "saml",
                                    "root", "federated-user", "anonymous"])
        action = "sts:AssumeRole"
        if principal.startswith("federated:"):
            action = ("sts:AssumeRoleWithSAML" if "saml-provider" in principal
                      else "sts:AssumeRoleWithWebIdentity")
        elif draw.chance(0.15):
            action = rng.choice(["sts:TagSession", "sts:SetSourceIdentity", "sts:GetCallerIdentity",
                                 "sts:GetFederationToken", "sts:GetSessionToken",
                                 "sts:AssumeRoleWithWebIdentity"])
        draw.action = action
        arn = f"arn:aws:iam::{owner}:role/{rng.choice(['', 'team/'])}target"
        shapes = [d for d in resource if any("sts:" in str(s.get("Action")) for s in listed(d["Statement"]))]
        policy = draw.resource_policy(action, arn, principal, shapes)
        if action in ("sts:GetCallerIdentity", "sts:GetFederationToken", "sts:GetSessionToken"):
            arn, policy, owner = "*", None, draw.account
        policies = []
        if draw.chance(0.7):
            policies = [{"Version": "2012-10-17", "Statement": {
                "Effect": "Allow", "Action": draw.action_patterns(action),
                "Resource": draw.resource_patterns(arn)}}]
    has_account = principal.startswith("arn:") and not principal.endswith(":root")
    if has_account:
        for _ in range(rng.choice([0, 0, 1, 1, 2])):
            policies.append(draw.identity_document(action, arn))
        line["identity_policies"] = policies
        documents_used += policies
        federated = ":federated-user/" in principal
        if not federated and draw.chance(0.22):
            line["permission_boundaries"] = [draw.limit(action, arn)]
            documents_used += line["permission_boundaries"]
        if (":assumed-role/" in principal or federated) and draw.chance(0.8 if federated else 0.3):
            count = rng.choice([1, 1, 1, 2])
            line["session_policies"] = [draw.limit(action, arn) for _ in range(count)]
            documents_used += line["session_policies"]
    elif principal.startswith("arn:"):
        line["identity_policies"] = []
    if policy is not None:
        line["resource_policy"] = policy
        documents_used.append(policy)
    if principal.startswith("arn:") and draw.chance(0.25):
        levels = []
        for _ in range(rng.choice([1, 2, 3])):
            level = [draw.limit(action, arn) for _ in range(rng.choice([1, 1, 2]))]
            if draw.chance(0.7):
                level.insert(0, {"Version": "2012-10-17", "Statement": [
                    {"Effect": "Allow", "Action": "*", "Resource": "*"}]})
            levels.append([] if draw.chance(0.02) else level)
        line["service_control_policies"] = levels
        documents_used += [policy for level in levels for policy in level]
    if draw.chance(0.15):
        levels = [[draw.resource_control(action, arn)] if draw.chance(0.7) else []
                  for _ in range(rng.choice([1, 2, 3]))]
        line["resource_control_policies"] = levels
        documents_used += [policy for level in levels for policy in level]
    if draw.chance(0.1):
        line["endpoint_policies"] = [draw.limit(action, arn, "*")]
        documents_used += line["endpoint_policies"]
    draw.fill_context(documents_used)
    # Keys that follow from the request are as the request says.
    for key in list(draw.context):
        if key.lower() in FOLLOWS:
            del draw.context[key]
    if draw.chance(0.25) and "${" in arn:
        arn = draw.filled(arn)
    line.update(principal=principal, action=action, resource=arn, context=draw.context)
    if owner_known(arn, owner) or draw.chance(0.9):
        line["resource_account"] = owner_known(arn, owner) or owner
    line["context_complete"] = draw.chance(0.75)
    return line


def request_as_written(rng, index, table, identity):
    draw = Draw(rng, table, identity, [])
    principal = draw.principal(["user", "role", "session"])
    documents_used = [rng.choice(identity) for _ in range(rng.choice([1, 2, 3]))]
    statement = rng.choice(listed(documents_used[0]["Statement"]))
    draw.action = draw.action_of(statement)
    arn = draw.resource_of(statement, draw.action)
    draw.fill_context(documents_used)
    context = {key: value for key, value in draw.context.items() if key.lower() not in FOLLOWS}
    return {"id": str(index), "principal": principal, "action": draw.action, "resource": arn,
            "resource_account": draw.account, "context": context, "context_complete": True,
            "identity_policies": documents_used}


# Keys whose values follow from principal and resource.
FOLLOWS = {"aws:principalarn", "aws:principalaccount", "aws:principaltype", "aws:username",
           "aws:principalisawsservice", "aws:principalservicename", "aws:resourceaccount",
           "s3:resourceaccount"}


def owner_known(arn, owner):
    parts = arn.split(":")
    if len(parts) > 5 and re.fullmatch(r"\d{12}", parts[4]):
        return parts[4]
    return owner if arn.startswith("arn:aws:s3:::") else None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", nargs="+", required=True, metavar="FOLDER")
    parser.add_argument("--actions", default=TABLE, help="the action table (default: the crate's own)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first request")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--as-written", action="store_true", help="whole documents, nothing mutated")
    arguments = parser.parse_args()
    table = Table(arguments.actions)
    identity, resource = documents(arguments.samples)
    print(f"{len(identity)} policies of identities, {len(resource)} of resources", file=sys.stderr)
    for index in range(arguments.first, arguments.first + arguments.count):
        rng = random.Random(f"{arguments.seed}/{index}")
        if arguments.as_written:
            line = request_as_written(rng, index, table, identity)
        else:
            line = request(rng, index, table, identity, resource)
        print(json.dumps(line, separators=(",", ":")))


if __name__ == "__main__":
    main()
