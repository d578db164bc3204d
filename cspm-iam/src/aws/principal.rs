//! Who makes a request.

use std::fmt;

use super::arn::{Arn, is_account_id};
use super::error::ParseError;

/// Who makes a request.
///
/// # Source
/// AWS IAM User Guide, "AWS JSON policy elements: Principal", read 2026-11.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Principal {
    /// An IAM user.
    User(Entity),
    /// An IAM role, standing for any session of it: what a holder of the role can do, whatever the name of
    /// the session.
    Role(Entity),
    /// One session of a role.
    AssumedRole(Session),
    /// A session that an IAM user made with `sts:GetFederationToken`.
    FederatedUser(Entity),
    /// The root user of an account.
    Root(Entity),
    /// An AWS service acting for itself.
    Service(String),
    /// A user whom an OIDC or SAML provider vouches for, before assuming a role: the provider's ARN or name.
    Federated(String),
    /// Nobody in particular: a request without credentials.
    Anonymous,
}

/// A named identity of an account.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Entity {
    partition: String,
    account: String,
    /// With its path, `team/ana`; empty for the root user.
    path_and_name: String,
}

impl Entity {
    /// The partition: `aws`, `aws-cn`, `aws-us-gov`.
    pub fn partition(&self) -> &str {
        &self.partition
    }

    /// The account's twelve digits.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The name without its path; empty for a root user.
    pub fn name(&self) -> &str {
        self.path_and_name.rsplit('/').next().unwrap_or_default()
    }

    fn new(arn: Arn<'_>, path_and_name: &str) -> Self {
        Self {
            partition: arn.partition.to_owned(),
            account: arn.account.to_owned(),
            path_and_name: path_and_name.to_owned(),
        }
    }
}

/// One session of a role.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Session {
    role: Entity,
    name: String,
}

impl Session {
    /// The role. Its path is not part of a session's ARN and so is not known here.
    pub fn role(&self) -> &Entity {
        &self.role
    }

    /// The name given to the session.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Principal {
    /// Reads an ARN, an account id, a service principal (`lambda.amazonaws.com`), `federated:PROVIDER` or
    /// `anonymous`.
    ///
    /// # Errors
    /// [`ParseError::Name`] where the text is none of these.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        Self::read(text).ok_or_else(|| {
            ParseError::name(
                "principal",
                text,
                "an ARN of a user, role, session or root, an account id, a service principal, \
                 `federated:PROVIDER` or `anonymous`",
            )
        })
    }

    fn read(text: &str) -> Option<Self> {
        if text == "anonymous" || text == "*" {
            return Some(Self::Anonymous);
        }
        if let Some(provider) = text.strip_prefix("federated:") {
            return (!provider.is_empty()).then(|| Self::Federated(provider.to_owned()));
        }
        if is_account_id(text) {
            return Some(Self::Root(Entity {
                partition: "aws".to_owned(),
                account: text.to_owned(),
                path_and_name: String::new(),
            }));
        }
        if let Some(arn) = Arn::split(text) {
            return Self::read_arn(arn);
        }
        let service = text.contains('.')
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
        service.then(|| Self::Service(text.to_ascii_lowercase()))
    }

    fn read_arn(arn: Arn<'_>) -> Option<Self> {
        if arn.account.is_empty() {
            return None;
        }
        let (kind, rest) = arn.resource.split_once('/').unwrap_or((arn.resource, ""));
        match (arn.service, kind, rest) {
            ("iam", "root", "") => Some(Self::Root(Entity::new(arn, ""))),
            (_, _, "") => None,
            ("iam", "user", name) => Some(Self::User(Entity::new(arn, name))),
            ("iam", "role", name) => Some(Self::Role(Entity::new(arn, name))),
            ("sts", "federated-user", name) => Some(Self::FederatedUser(Entity::new(arn, name))),
            ("sts", "assumed-role", rest) => {
                let (role, name) = rest.split_once('/')?;
                if role.is_empty() || name.is_empty() {
                    return None;
                }
                let role = Entity::new(arn, role);
                Some(Self::AssumedRole(Session {
                    role,
                    name: name.to_owned(),
                }))
            }
            _ => None,
        }
    }

    /// The account the principal belongs to; services, federated and anonymous ones belong to none.
    pub fn account(&self) -> Option<&str> {
        self.entity().map(|entity| entity.account.as_str())
    }

    /// The user, role or root behind the principal: of a session, its role.
    pub fn entity(&self) -> Option<&Entity> {
        match self {
            Self::User(entity)
            | Self::Role(entity)
            | Self::FederatedUser(entity)
            | Self::Root(entity) => Some(entity),
            Self::AssumedRole(session) => Some(&session.role),
            Self::Service(_) | Self::Federated(_) | Self::Anonymous => None,
        }
    }

    /// Whether this is a role that a service made for itself, which organisation policies do not limit.
    ///
    /// A session's ARN does not hold the role's path, so sessions are recognised by the reserved prefix of
    /// the role's name.
    ///
    /// # Source
    /// AWS Organizations User Guide, "Service control policies: Tasks and entities not restricted by SCPs"
    /// and "Resource control policies: RCP effects on permissions", read 2026-11.
    pub fn is_service_linked_role(&self) -> bool {
        match self {
            Self::Role(role) => role.path_and_name.starts_with("aws-service-role/"),
            Self::AssumedRole(session) => session.role.name().starts_with("AWSServiceRoleFor"),
            _ => false,
        }
    }

    /// The value of `aws:PrincipalArn`: the ARN of the user, role or root; of a session, that of its role.
    pub(crate) fn principal_arn(&self) -> Option<String> {
        match self {
            Self::AssumedRole(session) => Some(Self::Role(session.role.clone()).to_string()),
            Self::Service(_) | Self::Federated(_) | Self::Anonymous => None,
            _ => Some(self.to_string()),
        }
    }
}

impl fmt::Display for Principal {
    /// Writes what [`Principal::parse`] reads.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut write = |service: &str, entity: &Entity, kind: &str, name: &str| {
            let Entity {
                partition, account, ..
            } = entity;
            write!(
                formatter,
                "arn:{partition}:{service}::{account}:{kind}{name}"
            )
        };
        match self {
            Self::User(entity) => write("iam", entity, "user/", &entity.path_and_name),
            Self::Role(entity) => write("iam", entity, "role/", &entity.path_and_name),
            Self::FederatedUser(entity) => {
                write("sts", entity, "federated-user/", &entity.path_and_name)
            }
            Self::Root(entity) => write("iam", entity, "root", ""),
            Self::AssumedRole(session) => {
                let name = format!("{}/{}", session.role.path_and_name, session.name);
                write("sts", &session.role, "assumed-role/", &name)
            }
            Self::Service(name) => formatter.write_str(name),
            Self::Federated(provider) => write!(formatter, "federated:{provider}"),
            Self::Anonymous => formatter.write_str("anonymous"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn principals_round_trip() {
        for text in [
            "arn:aws:iam::111122223333:user/ana",
            "arn:aws-cn:iam::111122223333:user/team/ana",
            "arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX",
            "arn:aws:sts::111122223333:assumed-role/web/i-0a1",
            "arn:aws:sts::111122223333:federated-user/bob",
            "arn:aws:iam::111122223333:root",
            "lambda.amazonaws.com",
            "federated:accounts.google.com",
            "anonymous",
        ] {
            assert_eq!(Principal::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Principal::parse("*").unwrap(), Principal::Anonymous);
        let root = Principal::parse("111122223333").unwrap();
        assert_eq!(root.to_string(), "arn:aws:iam::111122223333:root");
    }

    #[test]
    fn what_is_no_principal_is_refused() {
        for text in [
            "",
            "ana",
            "arn:aws:iam::111122223333:group/g",
            "arn:aws:iam::111122223333:user/",
            "arn:aws:iam:::user/ana",
            "arn:aws:sts::111122223333:assumed-role/web",
            "federated:",
            "1111",
        ] {
            assert!(Principal::parse(text).is_err(), "{text}");
        }
    }
}
