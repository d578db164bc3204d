#!/usr/bin/env python3
"""Writes inventory.jsonl.gz, findings.jsonl.gz and truth.json of this scenario.

Standard library only. The same records on every run and machine: the order comes from a small
random number generator of its own, and the compressed files carry no time.
"""

import gzip
import ipaddress
import json
from pathlib import Path

ACCOUNT = "111122223333"
REGION = "eu-west-1"
HERE = Path(__file__).resolve().parent
SEED = 20_261_123

# Port, name in the check, what a person calls it.
SERVICES = [
    (22, "ssh", "SSH"),
    (3389, "rdp", "RDP"),
    (3306, "mysql", "MySQL"),
    (5432, "postgresql", "PostgreSQL"),
    (27017, "mongodb", "MongoDB"),
    (6379, "redis", "Redis"),
    (23, "telnet", "Telnet"),
    (21, "ftp", "FTP"),
    (9200, "elasticsearch_kibana", "Elasticsearch"),
    (9092, "kafka", "Kafka"),
    (11211, "memcached", "Memcached"),
    (1521, "oracle", "Oracle"),
    (1433, "sqlserver", "SQL Server"),
    (9042, "cassandra", "Cassandra"),
]
SSH = SERVICES[0]

EXPOSED_EMPTY = 3000
EXPOSED_FLAT = 500
VOID_DENY, VOID_BOUNDARY, VOID_TAG = 20, 15, 15
NO_ROUTE, ACL_DENY, NO_ADDRESS, OTHER_GROUP = 363, 362, 362, 362
JEWEL_SERVER = "web-3187"
TOTAL = 5000

OWNERS = ["payments", "search", "platform", "data", "mobile", "logistics", "growth", "support"]
ENVS = ["prod", "prod", "staging", "dev", "test"]
ROLES_OF_SERVERS = ["api", "app", "cache", "batch", "ci", "edge", "proxy", "worker", "web", "db"]


class SplitMix64:
    """Sebastiano Vigna's splitmix64."""

    def __init__(self, seed):
        self.state = seed

    def next(self):
        mask = (1 << 64) - 1
        self.state = (self.state + 0x9E3779B97F4A7C15) & mask
        mixed = self.state
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & mask
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & mask
        return mixed ^ (mixed >> 31)

    def below(self, bound):
        return self.next() % bound

    def choice(self, items):
        return items[self.below(len(items))]

    def shuffle(self, items):
        for last in range(len(items) - 1, 0, -1):
            other = self.below(last + 1)
            items[last], items[other] = items[other], items[last]

    def hex_id(self):
        return f"0{self.next():016x}"


rng = SplitMix64(SEED)
resources = []
grants = []
findings = []
servers = []


def ec2(kind, bare):
    return f"arn:aws:ec2:{REGION}:{ACCOUNT}:{kind}/{bare}"


def iam(kind, name):
    return f"arn:aws:iam::{ACCOUNT}:{kind}/{name}"


def add(id_, kind, name=None, properties=None, tags=None, data=None, regional=True):
    record = {"id": id_, "kind": kind, "provider": "aws", "account": ACCOUNT}
    if regional:
        record["region"] = REGION
    if name:
        record["name"] = name
    if tags:
        record["tags"] = tags
    if data:
        record["data"] = data
    if properties:
        record["properties"] = properties
    resources.append(record)
    return id_


def attach(policy_type, attached_to, statements, name=None):
    grant = {
        "policy_type": policy_type,
        "attached_to": attached_to,
        "policy_document": {"Version": "2012-10-17", "Statement": statements},
    }
    if name:
        grant["name"] = name
    grants.append(grant)


def allow(actions, resource="*", **more):
    return {"Effect": "Allow", "Action": actions, "Resource": resource, **more}


def deny(actions, resource="*"):
    return {"Effect": "Deny", "Action": actions, "Resource": resource}


def role(name, statements, tags=None, policies=(), boundary=None):
    """A role that machines get through the instance profile of its name, which is returned."""
    arn, profile = iam("role", name), iam("instance-profile", name)
    properties = {"instance_profiles": [profile]}
    if policies:
        properties["policies"] = list(policies)
    if boundary:
        properties["boundary"] = boundary
    add(arn, "identity.role", name, properties, tags, regional=False)
    add(profile, "identity.instance_profile", name, {"roles": [arn]}, regional=False)
    service = {
        "Effect": "Allow",
        "Principal": {"Service": "ec2.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    attach("trust", arn, [service])
    if statements:
        attach("identity", arn, statements, name="inline")
    return profile


def managed_policy(name, statements):
    arn = iam("policy", name)
    add(arn, "identity.policy", name, {"version": "v1"}, regional=False)
    attach("identity", arn, statements)
    return arn


class Network:
    """A VPC with an internet gateway, its main route table and its default ACL."""

    def __init__(self, name, second_octet):
        self.name = name
        self.id = "vpc-" + rng.hex_id()
        self.block = f"10.{second_octet}.0.0/16"
        self.groups = {}
        self.subnet_count = 0
        add(ec2("vpc", self.id), "network.vpc", name, {"cidrs": [self.block]})
        self.gateway = "igw-" + rng.hex_id()
        add(ec2("internet-gateway", self.gateway), "network.internet_gateway", f"{name}-igw", {"vpcs": [self.id]})
        self.table("main", [], None, main=True)
        self.acl("default", [], [], default=True)

    def subnet(self, name):
        """A /20 of the VPC: its id and an endless supply of addresses."""
        bare = "subnet-" + rng.hex_id()
        blocks = ipaddress.ip_network(self.block).subnets(new_prefix=20)
        block = list(blocks)[self.subnet_count]
        self.subnet_count += 1
        zone = REGION + "abc"[self.subnet_count % 3]
        add(ec2("subnet", bare), "network.subnet", name, {"vpc": self.id, "cidrs": [str(block)], "zone": zone})
        return bare, iter(list(block.hosts())[10:])

    def table(self, name, subnets, default_target, main=False):
        routes = [{"destination": self.block, "target": "local"}]
        if default_target:
            routes.append({"destination": "0.0.0.0/0", "target": default_target})
        properties = {"vpc": self.id, "routes": routes}
        properties.update({"main": True} if main else {"main": False, "subnets": subnets})
        bare = "rtb-" + rng.hex_id()
        add(ec2("route-table", bare), "network.route_table", f"{self.name}-{name}", properties)

    def acl(self, name, subnets, denied_ports, default=False):
        entries = []
        for at, port in enumerate(denied_ports):
            entries.append(acl_entry(10 + at, "ingress", "deny", "tcp", str(port)))
        entries.append(acl_entry(100, "ingress", "allow", "*", None))
        entries.append(acl_entry(100, "egress", "allow", "*", None))
        properties = {"vpc": self.id, "default": default, "entries": entries}
        if subnets:
            properties["subnets"] = subnets
        bare = "acl-" + rng.hex_id()
        add(ec2("network-acl", bare), "network.acl", f"{self.name}-{name}", properties)

    def nat(self, subnet):
        bare = "nat-" + rng.hex_id()
        properties = {"vpcs": [self.id], "subnet": subnet}
        add(ec2("natgateway", bare), "network.nat_gateway", f"{self.name}-nat", properties)
        return bare

    def group(self, name, rules):
        """A security group; what leaves is not limited."""
        if name not in self.groups:
            bare = "sg-" + rng.hex_id()
            egress = {"direction": "egress", "protocol": "*", "peers": ["0.0.0.0/0"]}
            properties = {"vpc": self.id, "rules": [*rules, egress]}
            add(ec2("security-group", bare), "network.security_group", name, properties)
            self.groups[name] = bare
        return self.groups[name]

    def open_group(self, service):
        port, word, _ = service
        return self.group(f"{self.name}-{word}-open", [ingress(port, "0.0.0.0/0")])


def acl_entry(number, direction, action, protocol, ports):
    entry = {"number": number, "direction": direction, "action": action, "protocol": protocol, "cidr": "0.0.0.0/0"}
    if ports:
        entry["ports"] = ports
    return entry


def ingress(port, peer):
    return {"direction": "ingress", "protocol": "tcp", "ports": str(port), "peers": [peer]}


# Public addresses come from 198.18.0.0/15, which is reserved for measurements and routed nowhere.
public_addresses = (str(it) for it in ipaddress.ip_network("198.18.0.0/15").hosts())


def server(network, place, service, groups, reason, verdict, profile=None, public=True, name=None):
    """A running server and the one finding on it. Names and finding ids are given out at the end."""
    subnet, addresses = place
    facts = {
        "state": "running",
        "vpc": network.id,
        "subnet": subnet,
        "security_groups": groups,
        "private_addresses": [str(next(addresses))],
    }
    if public:
        facts["public_addresses"] = [next(public_addresses)]
    if profile:
        facts["instance_profile"] = profile
    facts["metadata_tokens"] = rng.choice(["required", "required", "optional"])
    servers.append(
        {
            "name": name,
            "service": service,
            "facts": facts,
            "reason": reason,
            "verdict": verdict,
        }
    )


def exposed_and_empty():
    """3,000 servers that anybody reaches; nothing of value lies behind them."""
    assets = add("arn:aws:s3:::acme-static-assets", "data.bucket", "acme-static-assets", tags={"env": "prod"}, data=["public"])
    profiles = [
        role("server-logs", [allow(["logs:CreateLogStream", "logs:PutLogEvents"])]),
        role("server-metrics", [allow(["cloudwatch:PutMetricData"])]),
        role("asset-reader", [allow(["s3:GetObject"], f"{assets}/*")]),
    ]
    names = ["shop", "search", "mobile", "logistics", "support", "analytics", "sandbox", "build", "demo", "legacy"]
    for at, name in enumerate(names):
        network = Network(name, 10 + at)
        places = [network.subnet(f"{name}-public-{zone}") for zone in "ab"]
        network.table("public", [place[0] for place in places], network.gateway)
        for each in range(EXPOSED_EMPTY // len(names)):
            service = SERVICES[each % len(SERVICES)]
            profile = rng.choice([None, None, *profiles])
            groups = [network.open_group(service)]
            server(network, places[each % 2], service, groups, "nothing_of_value_behind", "exposed", profile)


def flat_network():
    """The server that matters, 500 beside it in its subnet, and 50 whose grants are void."""
    network = Network("customers", 40)
    flat = network.subnet("customers-public-a")
    beside = network.subnet("customers-public-b")
    network.table("public", [flat[0], beside[0]], network.gateway)
    ssh = network.open_group(SSH)
    private = [network.subnet(f"customers-private-{zone}")[0] for zone in "ab"]
    application = network.group("customers-app", [])
    storage = network.group("customers-db", [ingress(5432, application)])

    secret = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:customers-db/master-x7Kq2P"
    add(secret, "secret", "customers-db/master", tags={"env": "prod", "owner": "customers"})
    add(
        f"arn:aws:rds:{REGION}:{ACCOUNT}:db:customers-db",
        "data.database",
        "customers-db",
        {
            "engine": "postgres",
            "port": 5432,
            "publicly_accessible": False,
            "encrypted": False,
            "vpc": network.id,
            "subnets": private,
            "security_groups": [storage],
            "master_secret": secret,
            "iam_authentication": False,
            "data_api": False,
        },
        {"env": "prod", "owner": "customers", "data-classification": "pii"},
        ["pii"],
    )
    read_secret = allow(["secretsmanager:GetSecretValue"], secret)

    profile = role("customers-web", [read_secret], {"team": "customers"})
    server(network, flat, SSH, [ssh, application], None, "on_path", profile, name=JEWEL_SERVER)
    for _ in range(EXPOSED_FLAT):
        server(network, flat, SSH, [ssh], "sideways_is_open_to_all_anyway", "exposed")

    denied = managed_policy("deny-customer-secrets", [deny(["secretsmanager:GetSecretValue"], secret)])
    boundary = managed_policy("service-boundary", [allow(["logs:*", "cloudwatch:PutMetricData", "s3:GetObject"])])
    for at in range(VOID_DENY + VOID_BOUNDARY + VOID_TAG):
        name = f"customers-service-{at + 1:02}"
        tags = {"team": rng.choice(["billing", "search", "platform"])}
        if at < VOID_DENY:
            reason, profile = "explicit_deny", role(name, [read_secret], tags, policies=[denied])
        elif at < VOID_DENY + VOID_BOUNDARY:
            reason, profile = "permissions_boundary", role(name, [read_secret], tags, boundary=boundary)
        else:
            condition = {"StringEquals": {"aws:PrincipalTag/team": "customers"}}
            reason, profile = "condition", role(name, [{**read_secret, "Condition": condition}], tags)
        own = network.group(f"{name}-app", [])
        server(network, beside, SSH, [ssh, own], reason, "exposed", profile)


def halves(count):
    return (count + 1) // 2, count // 2


def blocked():
    """1,449 servers that one control keeps from the internet; none shares a VPC with an exposed one."""
    for half in range(2):
        name = f"batch-{half + 1}"
        network = Network(name, 60 + half)
        public = network.subnet(f"{name}-public")
        private = network.subnet(f"{name}-private")
        network.table("public", [public[0]], network.gateway)
        network.table("private", [private[0]], network.nat(public[0]))
        for at in range(halves(NO_ROUTE)[half]):
            service = SERVICES[at % len(SERVICES)]
            server(network, private, service, [network.open_group(service)], "no_route_to_internet_gateway", "isolated")

        name = f"intranet-{half + 1}"
        network = Network(name, 70 + half)
        place = network.subnet(f"{name}-a")
        network.table("public", [place[0]], network.gateway)
        network.acl("closed", [place[0]], [port for port, _, _ in SERVICES])
        for at in range(halves(ACL_DENY)[half]):
            service = SERVICES[at % len(SERVICES)]
            server(network, place, service, [network.open_group(service)], "network_acl_deny", "isolated")

        name = f"workers-{half + 1}"
        network = Network(name, 80 + half)
        place = network.subnet(f"{name}-a")
        network.table("public", [place[0]], network.gateway)
        for at in range(halves(NO_ADDRESS)[half]):
            service = SERVICES[at % len(SERVICES)]
            server(network, place, service, [network.open_group(service)], "no_public_address", "isolated", public=False)

        name = f"migrated-{half + 1}"
        network = Network(name, 90 + half)
        place = network.subnet(f"{name}-a")
        network.table("public", [place[0]], network.gateway)
        closed = network.group(f"{name}-closed", [ingress(443, network.block)])
        for at in range(halves(OTHER_GROUP)[half]):
            service = SERVICES[at % len(SERVICES)]
            network.open_group(service)  # open as ever, on no interface any more
            server(network, place, service, [closed], "open_group_not_attached", "isolated")


def name_servers():
    """Gives every server a number, in random order, and its finding another."""
    numbers = [number for number in range(1, TOTAL + 1) if not JEWEL_SERVER.endswith(f"{number:04}")]
    rng.shuffle(numbers)
    for it in servers:
        if it["name"] is None:
            it["name"] = f"{rng.choice(ROLES_OF_SERVERS)}-{numbers.pop():04}"
    servers.sort(key=lambda it: it["name"][-4:])
    ids = [f"f-{number:04}" for number in range(1, TOTAL + 1)]
    rng.shuffle(ids)
    for it, finding in zip(servers, ids):
        it["finding"] = finding
        tags = {"Name": it["name"], "env": rng.choice(ENVS), "owner": rng.choice(OWNERS)}
        it["severity"] = rng.choice(["medium", "medium", "high", "high", "critical"])
        if it["name"] == JEWEL_SERVER:
            tags = {"Name": it["name"], "env": "prod", "owner": "customers"}
            it["severity"] = "medium"
        it["id"] = ec2("instance", "i-" + rng.hex_id())
        add(it["id"], "compute.instance", it["name"], it["facts"], tags)
        port, word, title = it["service"]
        findings.append(
            {
                "id": finding,
                "check": f"ec2_instance_port_{word}_exposed_to_internet",
                "resource": it["id"],
                "severity": it["severity"],
                "title": f"Instance {it['name']} has port {port} ({title}) open to the internet",
                "source": "prowler",
                "account": ACCOUNT,
                "status": "open",
                "ports": str(port),
            }
        )
    findings.sort(key=lambda it: it["id"])


def truth():
    verdicts, reasons, severities = {}, {}, {}
    for it in servers:
        verdicts[it["verdict"]] = verdicts.get(it["verdict"], 0) + 1
        severities[it["severity"]] = severities.get(it["severity"], 0) + 1
        if it["reason"]:
            reasons[it["reason"]] = reasons.get(it["reason"], 0) + 1
    one = next(it for it in servers if it["verdict"] == "on_path")
    return {
        "schema": "cspm.scenario-truth/1",
        "findings": len(servers),
        "by_priority": {"critical": 1, "suppressed": len(servers) - 1},
        "by_verdict": dict(sorted(verdicts.items())),
        "by_blocking_reason": dict(sorted(reasons.items())),
        "by_scanner_severity": dict(sorted(severities.items())),
        "critical": {
            "finding": one["finding"],
            "resource": one["id"],
            "name": one["name"],
            "scanner_severity": one["severity"],
            "crown_jewel": {"id": f"arn:aws:rds:{REGION}:{ACCOUNT}:db:customers-db", "access": "read", "also": ["write"]},
        },
    }


def write_lines(name, records):
    lines = ['{"schema":"cspm.estate/1"}']
    lines += [json.dumps(it, separators=(",", ":")) for it in records]
    with open(HERE / name, "wb") as raw:
        with gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=9, mtime=0) as out:
            out.write(("\n".join(lines) + "\n").encode())


def main():
    add(f"aws:account/{ACCOUNT}", "account", "acme-production", regional=False)
    exposed_and_empty()
    flat_network()
    blocked()
    name_servers()
    assert len(servers) == len(findings) == TOTAL
    write_lines("inventory.jsonl.gz", [{"resource": it} for it in resources] + [{"grant": it} for it in grants])
    write_lines("findings.jsonl.gz", [{"finding": it} for it in findings])
    (HERE / "truth.json").write_text(json.dumps(truth(), indent=2) + "\n")


if __name__ == "__main__":
    main()
