#!/usr/bin/env python3
"""Writes the documents of this scenario beside itself: `python3 generate.py`.

The README says what each part is for. Everything is made up; nothing is random.
"""
import json
import shutil
from pathlib import Path

HERE = Path(__file__).parent
SHOP, LABS, REGION = "111122223333", "444455556666", "eu-west-1"
OFFICE, WORLD = "203.0.113.0/24", "0.0.0.0/0"


def write(account, region, call, answer, resource=None):
    folder = HERE / "inventory" / "account" / account / region
    path = folder / f"{call}.json" if resource is None else folder / call / f"{resource}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(answer, indent=1) + "\n")


def tags(name=None, **more):
    pairs = ({"Name": name} if name else {}) | {k.replace("_", "-"): v for k, v in more.items()}
    return [{"Key": k, "Value": v} for k, v in pairs.items()]


def policy(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(action, resource, **more):
    return {"Effect": "Allow", "Action": action, "Resource": resource} | more


def deny(action, resource):
    return {"Effect": "Deny", "Action": action, "Resource": resource}


def read_bucket(name):
    return policy(allow(["s3:GetObject", "s3:ListBucket"], [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"]))


def arn(service, tail, account=SHOP, region=REGION):
    return f"arn:aws:{service}:{region}:{account}:{tail}"


def role_arn(name, account=SHOP):
    return arn("iam", f"role/{name}", account, "")


# --- network -------------------------------------------------------------------------------------

def vpc(account, name, octet, subnets):
    """`subnets`: name -> (third octet, `igw`, `nat` or `none`, walled)."""
    vpc_id = f"vpc-{name}"
    out = {"vpcs": [], "subnets": [], "tables": [], "gateways": [], "acls": [], "nats": []}
    out["vpcs"].append({"VpcId": vpc_id, "OwnerId": account, "CidrBlock": f"10.{octet}.0.0/16", "State": "available",
                        "CidrBlockAssociationSet": [{"CidrBlock": f"10.{octet}.0.0/16", "CidrBlockState": {"State": "associated"}}],
                        "Tags": tags(name)})
    local = {"DestinationCidrBlock": f"10.{octet}.0.0/16", "GatewayId": "local", "Origin": "CreateRouteTable", "State": "active"}
    out["tables"].append({"RouteTableId": f"rtb-{name}-main", "VpcId": vpc_id, "OwnerId": account, "Tags": [],
                          "Associations": [{"Main": True, "RouteTableId": f"rtb-{name}-main"}], "Routes": [local]})
    way = {"igw": {"GatewayId": f"igw-{name}"}, "nat": {"NatGatewayId": f"nat-{name}"}}
    for kind, target in way.items():
        inside = [s for s, (_, route, _) in subnets.items() if route == kind]
        if inside:
            out["tables"].append({"RouteTableId": f"rtb-{name}-{kind}", "VpcId": vpc_id, "OwnerId": account, "Tags": [],
                                  "Associations": [{"Main": False, "SubnetId": f"subnet-{s}"} for s in inside],
                                  "Routes": [local, {"DestinationCidrBlock": WORLD, "State": "active"} | target]})
    if any(route == "igw" for _, route, _ in subnets.values()):
        out["gateways"].append({"InternetGatewayId": f"igw-{name}", "OwnerId": account, "Tags": [],
                                "Attachments": [{"State": "available", "VpcId": vpc_id}]})
    if any(route == "nat" for _, route, _ in subnets.values()):
        out["nats"].append({"NatGatewayId": f"nat-{name}", "VpcId": vpc_id, "SubnetId": f"subnet-{name}-nat", "State": "available",
                            "NatGatewayAddresses": [{"PublicIp": "198.51.100.250", "PrivateIp": f"10.{octet}.9.10"}], "Tags": []})
    for subnet, (third, _, _) in subnets.items():
        out["subnets"].append({"SubnetId": f"subnet-{subnet}", "VpcId": vpc_id, "OwnerId": account, "State": "available",
                               "CidrBlock": f"10.{octet}.{third}.0/24", "AvailabilityZone": REGION + "a", "Tags": tags(subnet)})
    entry = lambda number, action, egress: {"RuleNumber": number, "Protocol": "-1", "RuleAction": action, "Egress": egress, "CidrBlock": WORLD}
    walled = [s for s, (_, _, w) in subnets.items() if w]
    rest = [s for s in subnets if s not in walled]
    out["acls"].append({"NetworkAclId": f"acl-{name}", "VpcId": vpc_id, "OwnerId": account, "IsDefault": True, "Tags": [],
                        "Associations": [{"SubnetId": f"subnet-{s}"} for s in rest],
                        "Entries": [entry(100, "allow", True), entry(32767, "deny", True), entry(100, "allow", False), entry(32767, "deny", False)]})
    if walled:
        out["acls"].append({"NetworkAclId": f"acl-{name}-walled", "VpcId": vpc_id, "OwnerId": account, "IsDefault": False, "Tags": [],
                            "Associations": [{"SubnetId": f"subnet-{s}"} for s in walled],
                            "Entries": [entry(100, "allow", True), entry(100, "deny", False), entry(200, "allow", False)]})
    return out


def group(account, group_id, vpc_id, *rules):
    permissions = []
    for port, peer in rules:
        pair = {"UserIdGroupPairs": [{"GroupId": peer, "UserId": account}]} if peer.startswith("sg-") else {"IpRanges": [{"CidrIp": peer}]}
        permissions.append({"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "UserIdGroupPairs": [], "IpRanges": [], "Ipv6Ranges": [], "PrefixListIds": []} | pair)
    return {"GroupId": group_id, "GroupName": group_id[3:], "OwnerId": account, "VpcId": vpc_id, "Description": group_id[3:],
            "SecurityGroupArn": arn("ec2", f"security-group/{group_id}", account), "Tags": [],
            "IpPermissions": permissions,
            "IpPermissionsEgress": [{"IpProtocol": "-1", "UserIdGroupPairs": [], "IpRanges": [{"CidrIp": WORLD}], "Ipv6Ranges": [], "PrefixListIds": []}]}


def instance(account, name, subnet, vpc_id, group_id, private, public, role):
    association = {"Association": {"IpOwnerId": "amazon", "PublicIp": public, "PublicDnsName": ""}} if public else {}
    return {"InstanceId": f"i-{name}", "ImageId": "ami-shop", "InstanceType": "t3.small", "State": {"Code": 16, "Name": "running"},
            "Placement": {"AvailabilityZone": REGION + "a"}, "VpcId": vpc_id, "SubnetId": f"subnet-{subnet}",
            "PrivateIpAddress": private, "IamInstanceProfile": {"Arn": arn("iam", f"instance-profile/{role}-machines", account, ""), "Id": f"AIPA{role.upper()}"},
            "MetadataOptions": {"HttpTokens": "optional", "HttpEndpoint": "enabled"},
            "NetworkInterfaces": [{"NetworkInterfaceId": f"eni-{name}", "OwnerId": account, "VpcId": vpc_id, "SubnetId": f"subnet-{subnet}",
                                   "Description": "", "Status": "in-use", "Groups": [{"GroupId": group_id, "GroupName": group_id[3:]}], "Ipv6Addresses": [],
                                   "PrivateIpAddress": private, "PrivateIpAddresses": [{"Primary": True, "PrivateIpAddress": private} | association]} | association],
            "SecurityGroups": [{"GroupId": group_id, "GroupName": group_id[3:]}], "Tags": tags(name, owner="shop")} | ({"PublicIpAddress": public} if public else {})


NETWORK = {
    SHOP: [
        vpc(SHOP, "shop", 20, {"shop-public": (0, "igw", False), "shop-data-a": (1, "none", False), "shop-data-b": (2, "none", False)}),
        vpc(SHOP, "hr", 30, {"hr-walled": (0, "igw", True), "hr-private": (1, "nat", False), "hr-nat": (9, "igw", False)}),
        vpc(SHOP, "edge", 40, {"edge-public": (0, "igw", False)}),
    ],
    LABS: [vpc(LABS, "labs", 50, {"labs-public": (0, "igw", False)})],
}
GROUPS = {
    SHOP: [
        group(SHOP, "sg-shop-web", "vpc-shop", (22, WORLD)),
        group(SHOP, "sg-shop-db", "vpc-shop", (5432, "sg-shop-web")),
        group(SHOP, "sg-hr", "vpc-hr", (22, WORLD)),
        group(SHOP, "sg-edge", "vpc-edge", (22, WORLD)),
        group(SHOP, "sg-office", "vpc-edge", (22, OFFICE)),
    ],
    LABS: [group(LABS, "sg-labs", "vpc-labs", (22, WORLD))],
}
INSTANCES = {
    SHOP: [
        instance(SHOP, "shop-web-1", "shop-public", "vpc-shop", "sg-shop-web", "10.20.0.11", "198.51.100.11", "shop-web"),
        instance(SHOP, "hr-app-1", "hr-walled", "vpc-hr", "sg-hr", "10.30.0.11", "198.51.100.31", "hr-app"),
        instance(SHOP, "hr-batch-1", "hr-private", "vpc-hr", "sg-hr", "10.30.1.11", None, "hr-batch"),
        instance(SHOP, "report-1", "edge-public", "vpc-edge", "sg-edge", "10.40.0.11", "198.51.100.41", "report"),
        instance(SHOP, "archive-1", "edge-public", "vpc-edge", "sg-edge", "10.40.0.12", "198.51.100.42", "archive"),
        instance(SHOP, "partner-1", "edge-public", "vpc-edge", "sg-edge", "10.40.0.13", "198.51.100.43", "partner"),
        instance(SHOP, "vault-1", "edge-public", "vpc-edge", "sg-edge", "10.40.0.14", "198.51.100.44", "vault"),
        instance(SHOP, "bastion-1", "edge-public", "vpc-edge", "sg-office", "10.40.0.15", "198.51.100.45", "bastion"),
    ],
    LABS: [instance(LABS, "labs-1", "labs-public", "vpc-labs", "sg-labs", "10.50.0.11", "198.51.100.51", "labs-test")],
}

# --- identities ----------------------------------------------------------------------------------

SECRET = arn("secretsmanager", "secret:rds!db-shop-crm-AbCdEf")
TABLE = arn("dynamodb", "table/shop-loyalty")
KEY = arn("kms", "key/0f1e2d3c-health")
EC2 = {"Service": "ec2.amazonaws.com"}
LAMBDA = {"Service": "lambda.amazonaws.com"}
LOGS = policy(allow(["logs:CreateLogStream", "logs:PutLogEvents"], "*"))


def role(account, name, trusted, inline, boundary=None, attached=()):
    machines = trusted == EC2
    profile = {"InstanceProfileName": f"{name}-machines", "InstanceProfileId": f"AIPA{name.upper()}", "Path": "/",
               "Arn": arn("iam", f"instance-profile/{name}-machines", account, "")}
    out = {"Path": "/", "RoleName": name, "RoleId": "AROA" + name.upper().replace("-", ""), "Arn": role_arn(name, account),
           "AssumeRolePolicyDocument": policy({"Effect": "Allow", "Principal": trusted, "Action": "sts:AssumeRole"}),
           "InstanceProfileList": [profile | {"Roles": [{"RoleName": name, "Arn": role_arn(name, account)}]}] if machines else [],
           "RolePolicyList": [{"PolicyName": n, "PolicyDocument": d} for n, d in inline.items()],
           "AttachedManagedPolicies": [{"PolicyName": a.rsplit("/", 1)[1], "PolicyArn": a} for a in attached],
           "Tags": tags(owner="shop"), "RoleLastUsed": {}}
    if boundary:
        out["PermissionsBoundary"] = {"PermissionsBoundaryType": "PermissionsBoundaryPolicy", "PermissionsBoundaryArn": boundary}
    return out


def managed(policy_arn, document):
    return {"PolicyName": policy_arn.rsplit("/", 1)[1], "Arn": policy_arn, "Path": "/", "DefaultVersionId": "v1", "IsAttachable": True,
            "PolicyVersionList": [{"VersionId": "v1", "IsDefaultVersion": True, "Document": document}]}


ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"
BOUNDARY = arn("iam", "policy/workload-boundary", SHOP, "")
ROLES = {
    SHOP: [
        role(SHOP, "shop-web", EC2, {"exports": read_bucket("shop-customer-exports"), "database": policy(allow("secretsmanager:GetSecretValue", SECRET))}),
        role(SHOP, "loyalty", LAMBDA, {"table": policy(allow(["dynamodb:GetItem", "dynamodb:Query"], TABLE))}),
        role(SHOP, "hr-app", EC2, {"records": read_bucket("shop-hr-records")}),
        role(SHOP, "hr-batch", EC2, {"records": read_bucket("shop-hr-records")}),
        role(SHOP, "report", EC2, {"read": read_bucket("shop-payroll"), "not-payroll": policy(deny("s3:*", ["arn:aws:s3:::shop-payroll", "arn:aws:s3:::shop-payroll/*"]))}),
        role(SHOP, "archive", EC2, {"read": read_bucket("shop-invoices")}, boundary=BOUNDARY),
        role(SHOP, "partner", EC2, {"assume": policy(allow("sts:AssumeRole", role_arn("partner-reader")))}),
        role(SHOP, "partner-reader", {"AWS": "AIDAEXAMPLEDELETEDUSER"}, {"feed": read_bucket("shop-partner-feed")}),
        role(SHOP, "vault", EC2, {"read": read_bucket("shop-health")}),
        role(SHOP, "bastion", EC2, {}, attached=[ADMIN]),
        role(SHOP, "payroll-report", LAMBDA, {"read": read_bucket("shop-payroll")}),
    ],
    LABS: [role(LABS, "labs-test", EC2, {"logs": LOGS})],
}
POLICIES = {
    SHOP: [managed(ADMIN, policy(allow("*", "*"))), managed(BOUNDARY, policy(allow(["logs:*", "cloudwatch:*"], "*")))],
    LABS: [],
}

# --- stores --------------------------------------------------------------------------------------

OPEN = {"Version": "2012-10-17", "Statement": [{"Sid": "Everybody", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::shop-attachments/*"}]}
SHUT = dict.fromkeys(["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"], True)
BUCKETS = {  # name: (account, data class, public access block, policy, encryption, list)
    "shop-customer-exports": (SHOP, "pii", SHUT, None, None, None),
    "shop-attachments": (SHOP, "pii", None, OPEN, None, None),
    "shop-hr-records": (SHOP, "pii", SHUT, None, None, None),
    "shop-payroll": (SHOP, "financial", SHUT, None, None, None),
    "shop-invoices": (SHOP, "pii", SHUT, None, None, None),
    "shop-partner-feed": (SHOP, "confidential", SHUT, None, None, None),
    "shop-health": (SHOP, "phi", SHUT, None, KEY, None),
    "shop-legacy-uploads": (SHOP, "confidential", SHUT | {"BlockPublicAcls": False, "BlockPublicPolicy": False, "RestrictPublicBuckets": False}, None, None, "READ"),
    "labs-scratch": (LABS, None, SHUT, None, None, None),
}


def inventory():
    for account in (SHOP, LABS):
        parts = {k: [item for v in NETWORK[account] for item in v[k]] for k in ("vpcs", "subnets", "tables", "gateways", "acls", "nats")}
        for call, key, items in [
            ("ec2-describe-vpcs", "Vpcs", parts["vpcs"]), ("ec2-describe-subnets", "Subnets", parts["subnets"]),
            ("ec2-describe-route-tables", "RouteTables", parts["tables"]), ("ec2-describe-internet-gateways", "InternetGateways", parts["gateways"]),
            ("ec2-describe-network-acls", "NetworkAcls", parts["acls"]), ("ec2-describe-nat-gateways", "NatGateways", parts["nats"]),
            ("ec2-describe-vpc-peering-connections", "VpcPeeringConnections", []), ("ec2-describe-vpc-endpoints", "VpcEndpoints", []),
            ("ec2-describe-security-groups", "SecurityGroups", GROUPS[account]), ("elbv2-describe-load-balancers", "LoadBalancers", []),
            ("ec2-describe-instances", "Reservations", [{"ReservationId": f"r-{i['InstanceId'][2:]}", "OwnerId": account, "Instances": [i]} for i in INSTANCES[account]]),
        ]:
            write(account, REGION, call, {key: items})
        write(account, "global", "iam-get-account-authorization-details", {"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": ROLES[account], "Policies": POLICIES[account]})
        profiles = [p for r in ROLES[account] for p in r["InstanceProfileList"]]
        write(account, "global", "iam-list-instance-profiles", {"InstanceProfiles": profiles})
        write(account, "global", "s3api-list-buckets", {"Buckets": [{"Name": n} for n, b in BUCKETS.items() if b[0] == account], "Owner": {"ID": f"canonical-{account}"}})
    for name, (account, data, block, document, key, listed) in BUCKETS.items():
        put = lambda call, answer: write(account, "global", f"s3api-{call}", answer, name)
        owner = f"canonical-{account}"
        grants = [{"Grantee": {"ID": owner, "Type": "CanonicalUser"}, "Permission": "FULL_CONTROL"}]
        if listed:
            grants.append({"Grantee": {"Type": "Group", "URI": "http://acs.amazonaws.com/groups/global/AllUsers"}, "Permission": listed})
        put("get-bucket-acl", {"Owner": {"ID": owner}, "Grants": grants})
        put("get-bucket-ownership-controls", {"OwnershipControls": {"Rules": [{"ObjectOwnership": "ObjectWriter" if listed else "BucketOwnerEnforced"}]}})
        put("get-bucket-location", {"LocationConstraint": REGION})
        rule = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key} if key else {"SSEAlgorithm": "AES256"}
        put("get-bucket-encryption", {"ServerSideEncryptionConfiguration": {"Rules": [{"ApplyServerSideEncryptionByDefault": rule}]}})
        if block:
            put("get-public-access-block", {"PublicAccessBlockConfiguration": block})
        if document:
            put("get-bucket-policy", {"Policy": json.dumps(document)})
        if data:
            put("get-bucket-tagging", {"TagSet": tags(data_classification=data)})
    functions = {"loyalty-lookup": ("loyalty", "NONE"), "payroll-report": ("payroll-report", "AWS_IAM")}
    write(SHOP, REGION, "lambda-list-functions", {"Functions": [
        {"FunctionName": n, "FunctionArn": arn("lambda", f"function:{n}"), "Runtime": "python3.13", "Role": role_arn(r), "Handler": "index.handler"} for n, (r, _) in functions.items()]})
    for name, (_, auth) in functions.items():
        write(SHOP, REGION, "lambda-get-function-url-config", {"FunctionUrl": f"https://{name}.lambda-url.{REGION}.on.aws/", "FunctionArn": arn("lambda", f"function:{name}"), "AuthType": auth}, name)
    everybody = lambda sid, action, **more: {"Sid": sid, "Effect": "Allow", "Principal": "*", "Action": action, "Resource": arn("lambda", "function:loyalty-lookup")} | more
    write(SHOP, REGION, "lambda-get-policy", {"Policy": json.dumps(policy(
        everybody("FunctionURLAllowPublicAccess", "lambda:InvokeFunctionUrl", Condition={"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}),
        everybody("FunctionURLInvokeAllowPublicAccess", "lambda:InvokeFunction", Condition={"Bool": {"lambda:InvokedViaFunctionUrl": "true"}})))}, "loyalty-lookup")
    write(SHOP, REGION, "dynamodb-list-tables", {"TableNames": ["shop-loyalty"]})
    write(SHOP, REGION, "dynamodb-describe-table", {"Table": {"TableName": "shop-loyalty", "TableArn": TABLE, "TableStatus": "ACTIVE"}}, "shop-loyalty")
    write(SHOP, REGION, "dynamodb-list-tags-of-resource", {"Tags": tags(data_classification="pii")}, "shop-loyalty")
    write(SHOP, REGION, "rds-describe-db-instances", {"DBInstances": [{
        "DBInstanceIdentifier": "shop-crm", "DBInstanceArn": arn("rds", "db:shop-crm"), "Engine": "postgres", "DBInstanceStatus": "available",
        "Endpoint": {"Address": f"shop-crm.example.{REGION}.rds.amazonaws.com", "Port": 5432}, "PubliclyAccessible": False, "StorageEncrypted": True,
        "VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-shop-db", "Status": "active"}], "IAMDatabaseAuthenticationEnabled": False,
        "DBSubnetGroup": {"DBSubnetGroupName": "shop-crm", "VpcId": "vpc-shop", "Subnets": [{"SubnetIdentifier": "subnet-shop-data-a"}, {"SubnetIdentifier": "subnet-shop-data-b"}]},
        "MasterUserSecret": {"SecretArn": SECRET, "SecretStatus": "active"}, "TagList": tags(data_classification="pii")}]})
    write(SHOP, REGION, "secretsmanager-list-secrets", {"SecretList": [{"ARN": SECRET, "Name": "rds!db-shop-crm", "OwningService": "rds", "Tags": []}]})
    write(SHOP, REGION, "kms-list-keys", {"Keys": [{"KeyId": KEY.rsplit("/", 1)[1], "KeyArn": KEY}]})
    write(SHOP, REGION, "kms-describe-key", {"KeyMetadata": {"KeyId": KEY.rsplit("/", 1)[1], "Arn": KEY, "AWSAccountId": SHOP, "Enabled": True, "KeyState": "Enabled", "KeyManager": "CUSTOMER"}}, KEY.rsplit("/", 1)[1])
    write(SHOP, REGION, "kms-get-key-policy", {"Policy": json.dumps(policy({"Sid": "Enable IAM User Permissions", "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{SHOP}:root"}, "Action": "kms:*", "Resource": "*"}))}, KEY.rsplit("/", 1)[1])
    org = lambda tail: f"arn:aws:organizations::{SHOP}:{tail}"
    accounts = [{"Id": a, "Arn": org(f"account/o-shop/{a}"), "Name": n, "Status": "ACTIVE", "JoinedMethod": "CREATED"} for a, n in ((SHOP, "shop"), (LABS, "labs"))]
    full = {"Id": "p-FullAWSAccess", "Arn": "arn:aws:organizations::aws:policy/service_control_policy/p-FullAWSAccess", "Name": "FullAWSAccess", "Type": "SERVICE_CONTROL_POLICY", "AwsManaged": True}
    write(SHOP, "global", "organizations-describe-organization", {"Organization": {"Id": "o-shop", "Arn": org("organization/o-shop"), "FeatureSet": "ALL", "MasterAccountId": SHOP, "MasterAccountArn": accounts[0]["Arn"]}})
    write(SHOP, "global", "organizations-list-accounts", {"Accounts": accounts})
    write(SHOP, "global", "organizations-list-roots", {"Roots": [{"Id": "r-shop", "Arn": org("root/o-shop/r-shop"), "Name": "Root", "PolicyTypes": [{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}]}]})
    write(SHOP, "global", "organizations-list-organizational-units-for-parent", {"OrganizationalUnits": []}, "r-shop")
    write(SHOP, "global", "organizations-list-accounts-for-parent", {"Accounts": accounts}, "r-shop")
    write(SHOP, "global", "organizations-list-policies", {"Policies": [full]})
    write(SHOP, "global", "organizations-describe-policy", {"Policy": {"PolicySummary": full, "Content": json.dumps(policy(allow("*", "*")))}}, "p-FullAWSAccess")
    write(SHOP, "global", "organizations-list-targets-for-policy", {"Targets": [{"TargetId": "r-shop", "Name": "Root", "Type": "ROOT"}] + [
        {"TargetId": a["Id"], "Name": a["Name"], "Type": "ACCOUNT"} for a in accounts]}, "p-FullAWSAccess")


# --- findings ------------------------------------------------------------------------------------

def ec2(tail, account=SHOP):
    return arn("ec2", tail, account)


SSH, PUBLIC_IP = "ec2_instance_port_ssh_exposed_to_internet", "ec2_instance_public_ip"
GROUP22 = "ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_22"
BLOCK = "s3_bucket_level_public_access_block"
FINDINGS = [  # check, resource, status, severity, what is right of a FAIL: on_path, suppress, either
    (SSH, ec2("instance/i-shop-web-1"), "FAIL", "Medium", "on_path"),
    (GROUP22, ec2("security-group/sg-shop-web"), "FAIL", "High", "on_path"),
    ("awslambda_function_url_public", arn("lambda", "function:loyalty-lookup"), "FAIL", "High", "on_path"),
    ("s3_bucket_public_access", "arn:aws:s3:::shop-attachments", "FAIL", "Critical", "on_path"),
    (SSH, ec2("instance/i-report-1"), "FAIL", "Critical", "suppress"),
    (SSH, ec2("instance/i-archive-1"), "FAIL", "Critical", "suppress"),
    (SSH, ec2("instance/i-partner-1"), "FAIL", "Critical", "suppress"),
    (SSH, ec2("instance/i-labs-1", LABS), "FAIL", "Critical", "suppress"),
    (GROUP22, ec2("security-group/sg-labs", LABS), "FAIL", "High", "suppress"),
    (SSH, ec2("instance/i-vault-1"), "FAIL", "Critical", "suppress"),
    (SSH, ec2("instance/i-hr-app-1"), "FAIL", "Critical", "either"),
    ("s3_bucket_acl_prohibited", "arn:aws:s3:::shop-legacy-uploads", "FAIL", "Medium", "either"),
    ("iam_role_administratoraccess_policy", role_arn("bastion"), "FAIL", "High", "either"),
    ("iam_password_policy_minimum_length_14", f"arn:aws:iam:{REGION}:{SHOP}:password-policy", "FAIL", "Medium", "either"),
    ("rds_snapshots_encrypted", arn("rds", "snapshot:rds:shop-crm-2026-11-01"), "FAIL", "Medium", "either"),
] + [(SSH, ec2(f"instance/i-{n}"), "PASS", "Critical", None) for n in ("hr-batch-1", "bastion-1")] + [
    (PUBLIC_IP, ec2("instance/i-hr-batch-1"), "PASS", "Medium", None),
    ("awslambda_function_url_public", arn("lambda", "function:payroll-report"), "PASS", "High", None),
    ("rds_instance_no_public_access", arn("rds", "db:shop-crm"), "PASS", "Critical", None),
    ("rds_instance_storage_encrypted", arn("rds", "db:shop-crm"), "PASS", "Medium", None),
    ("dynamodb_table_cross_account_access", TABLE, "PASS", "High", None),
    ("kms_cmk_are_used", KEY, "PASS", "Low", None),
    ("secretsmanager_not_publicly_accessible", SECRET, "PASS", "High", None),
    ("iam_root_hardware_mfa_enabled", f"arn:aws:iam::{SHOP}:root", "MANUAL", "Critical", None),
    ("iam_support_role_created", f"arn:aws:iam::{LABS}:root", "MANUAL", "Medium", None),
] + [("s3_bucket_public_access", f"arn:aws:s3:::{n}", "PASS", "Critical", None) for n in BUCKETS if n != "shop-attachments"] + [
    (BLOCK, f"arn:aws:s3:::{n}", "PASS", "Medium", None) for n in BUCKETS if n not in ("shop-attachments", "shop-legacy-uploads")]


def account_of(resource):
    if resource.startswith("arn:aws:s3:::"):
        return BUCKETS[resource.rsplit(":", 1)[1]][0]
    return resource.split(":")[4]


def uid(check, resource):
    return f"prowler-aws-{check}-{account_of(resource)}-{REGION}-{resource.rsplit('/', 1)[-1].rsplit(':', 1)[-1]}"


def record(check, resource, status, severity):
    name = resource.rsplit("/", 1)[-1].rsplit(":", 1)[-1]
    text = f"{check.replace('_', ' ')}: {name}"
    return {"message": text, "metadata": {"event_code": check, "product": {"name": "Prowler", "uid": "prowler", "vendor_name": "Prowler", "version": "5.0.0"},
                                          "profiles": ["cloud", "datetime"], "version": "1.5.0"},
            "severity_id": {"Low": 2, "Medium": 3, "High": 4, "Critical": 5}[severity], "severity": severity,
            "status": "New", "status_code": status, "status_detail": text, "status_id": 1, "activity_name": "Create", "activity_id": 1,
            "finding_info": {"created_time": 1793491200, "title": check.replace("_", " "), "types": [], "uid": uid(check, resource)},
            "resources": [{"cloud_partition": "aws", "region": REGION, "uid": resource, "name": name, "labels": []}],
            "category_name": "Findings", "category_uid": 2, "class_name": "Detection Finding", "class_uid": 2004,
            "cloud": {"account": {"name": "", "type": "AWS Account", "type_id": 10, "uid": account_of(resource)}, "provider": "aws", "region": REGION},
            "type_uid": 200401, "type_name": "Detection Finding: Create"}


# --- truth ---------------------------------------------------------------------------------------

def machine(name, account=SHOP):
    return ec2(f"instance/i-{name}", account)


def bucket(name):
    return f"arn:aws:s3:::{name}"


DATABASE = arn("rds", "db:shop-crm")
LOYALTY = arn("lambda", "function:loyalty-lookup")
REACHED = {bucket("shop-customer-exports"), bucket("shop-attachments"), TABLE, DATABASE}


def path(number, entry, hops, jewel, note, findings, gate=None):
    out = {"id": f"P{number}", "entry": entry, "hops": hops, "crown_jewel": {"id": jewel, "access": "read"}, "certainty": "certain", "conditions": [],
           "note": note, "findings": [uid(c, r) for c, r in findings]}
    return out | ({"gate": gate} if gate else {})


def decoy(number, resources, jewel, blocked_by, why, verdict):
    return {"id": f"D{number}", "resources": resources, "crown_jewel": jewel, "blocked_by": blocked_by, "why": why, "verdict": verdict}


def truth():
    jewels = [(bucket(n), "read", f"tag data-classification={b[1]}") for n, b in BUCKETS.items() if b[1]]
    jewels += [(TABLE, "read", "tag data-classification=pii"), (DATABASE, "read", "tag data-classification=pii")]
    jewels += [(f"arn:aws:iam::{a}:root", "control", "the account itself") for a in (SHOP, LABS)]
    web = [(SSH, machine("shop-web-1")), (GROUP22, ec2("security-group/sg-shop-web"))]
    exposed = lambda *names: {machine(n): "exposed" for n in names} | {role_arn(n.rsplit("-", 1)[0]): "exposed" for n in names}
    latent = lambda *names: dict.fromkeys(names, "latent")
    decoys = [
        decoy(1, [machine("hr-app-1"), role_arn("hr-app")], bucket("shop-hr-records"), "network acl",
              "public subnet, public address and open group, but the subnet's network ACL denies all inbound at rule 100, before the allow at rule 200", latent(machine("hr-app-1"), role_arn("hr-app"))),
        decoy(2, [machine("hr-batch-1"), role_arn("hr-batch")], bucket("shop-hr-records"), "route",
              "open group, but a private subnet behind a NAT gateway and no public address; nothing in this VPC is reached, so no sideways move either", latent(machine("hr-batch-1"), role_arn("hr-batch"))),
        decoy(3, [machine("report-1"), role_arn("report")], bucket("shop-payroll"), "explicit deny",
              "a Deny in another inline policy of the role beats the Allow", exposed("report-1")),
        decoy(4, [machine("archive-1"), role_arn("archive")], bucket("shop-invoices"), "permissions boundary",
              "the boundary allows logs and cloudwatch only", exposed("archive-1")),
        decoy(5, [machine("partner-1"), role_arn("partner"), role_arn("partner-reader")], bucket("shop-partner-feed"), "trust policy",
              "the reader role trusts only the id of a user that was deleted; the grant of sts:AssumeRole alone does not help", exposed("partner-1") | latent(role_arn("partner-reader"))),
        decoy(6, [bucket("shop-legacy-uploads")], bucket("shop-legacy-uploads"), "public access block",
              "the list gives READ to AllUsers, but IgnorePublicAcls is on", latent(bucket("shop-legacy-uploads"))),
        decoy(7, [arn("lambda", "function:payroll-report"), role_arn("payroll-report")], bucket("shop-payroll"), "authentication",
              "the function URL asks for IAM authentication, and no resource policy lets anybody in", latent(arn("lambda", "function:payroll-report"), role_arn("payroll-report"))),
        decoy(8, [machine("bastion-1"), role_arn("bastion")], f"arn:aws:iam::{SHOP}:root", "security group",
              f"only the office range {OFFICE} gets in", latent(machine("bastion-1"), role_arn("bastion"))),
        decoy(9, [machine("vault-1"), role_arn("vault")], bucket("shop-health"), "key",
              "the bucket is encrypted with a customer key; the role reads the bucket but has no kms:Decrypt, and the key's policy leaves it to IAM", exposed("vault-1")),
    ]
    paths = [
        path(1, machine("shop-web-1"), [machine("shop-web-1"), role_arn("shop-web"), bucket("shop-customer-exports")], bucket("shop-customer-exports"), "instance role may read the bucket", web),
        path(2, machine("shop-web-1"), [machine("shop-web-1"), role_arn("shop-web"), SECRET, DATABASE], DATABASE,
             "needs both: the master secret and the network way (the database group admits the web group on 5432)", web, [SECRET, machine("shop-web-1")]),
        path(3, LOYALTY, [LOYALTY, role_arn("loyalty"), TABLE], TABLE, "function URL without authentication and a resource policy for everyone", [("awslambda_function_url_public", LOYALTY)]),
        path(4, bucket("shop-attachments"), [bucket("shop-attachments")], bucket("shop-attachments"), "bucket policy for everyone, no public access block", [("s3_bucket_public_access", bucket("shop-attachments"))]),
    ]
    verdicts = {"on_path": sorted({h for p in paths for h in p["hops"]}), "latent": set(), "exposed": {machine("labs-1", LABS), role_arn("labs-test", LABS)}}
    for d in decoys:
        for resource, verdict in d["verdict"].items():
            verdicts[verdict].add(resource)
        if d["crown_jewel"].startswith("arn:aws:s3") or d["crown_jewel"].endswith(":root"):
            verdicts["latent"].add(d["crown_jewel"])
    fails = [f for f in FINDINGS if f[2] == "FAIL"]
    graded = lambda grade: [f for f in fails if f[4] == grade]
    return {
        "schema": "joined.truth/1", "scenario": "web-shop", "accounts": [SHOP, LABS], "management_account": SHOP,
        "threat_model": ["As in DESIGN.md, sections 6 and 7: the attacker starts on the internet; any port that it reaches may give control of what listens there.",
                         "Crown jewels are data tagged with a class other than public, internal or none, and control of each account.",
                         "IAM is judged as AWS documents it."],
        "crown_jewels": [{"id": i, "access": a, "why": w, "reachable": i in REACHED, "conditions": []} for i, a, w in jewels],
        "entries": sorted([machine(n) for n in ("shop-web-1", "report-1", "archive-1", "partner-1", "vault-1")] + [machine("labs-1", LABS), LOYALTY, bucket("shop-attachments")]),
        "paths": paths, "decoys": decoys,
        "resource_verdicts": {k: sorted(v) for k, v in verdicts.items()},
        "findings": {
            "rules": {"must_on_path": "FAIL findings whose fix removes a step of a true path: verdict on_path, never suppressed",
                      "must_suppress": "FAIL findings whose resource is isolated, or exposed with nothing of value behind it",
                      "either": "graded neither way: latent resources, account-wide settings, a resource that is not in the inventory; none of the latent ones may be critical or high",
                      "not_a_finding": "records with status PASS or MANUAL"},
            "counts": {"records": len(FINDINGS), "not_a_finding": len(FINDINGS) - len(fails), "must_on_path": len(graded("on_path")),
                       "must_suppress": len(graded("suppress")), "either": len(graded("either"))},
            "must_on_path": [{"uid": uid(c, r), "check": c, "resource": r} for c, r, *_ in graded("on_path")],
            "must_suppress": [uid(c, r) for c, r, *_ in graded("suppress")],
            "suppressed_resources": sorted({r for _, r, *_ in graded("suppress")}),
        },
    }


def main():
    shutil.rmtree(HERE / "inventory", ignore_errors=True)
    inventory()
    (HERE / "findings").mkdir(exist_ok=True)
    records = [record(c, r, st, se) for c, r, st, se, _ in FINDINGS]
    assert len({r["finding_info"]["uid"] for r in records}) == len(records)
    (HERE / "findings" / "prowler.ocsf.json").write_text(json.dumps(records, indent=1) + "\n")
    (HERE / "truth.json").write_text(json.dumps(truth(), indent=1) + "\n")


main()
