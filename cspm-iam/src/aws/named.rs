//! How policies name principals, and whom a name stands for.

use super::arn::{Arn, is_account_id};
use super::document::Effect;
use super::principal::{Entity, Principal};

/// One principal that a statement names.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NamedPrincipal {
    /// `*`, or `{"AWS": "*"}`, which means the same: everyone, without credentials too.
    Everyone,
    /// An account, by its id or its root ARN: whomever the account lets.
    Account(String),
    /// The ARN of a user, role, session or federated user, parsed.
    Aws(Principal),
    /// An AWS name that stands for nobody known: the unique id of a deleted user or role, an ARN with
    /// wildcards, or one of another kind.
    Unknown(String),
    /// A service principal; `*` for any.
    Service(String),
    /// An identity provider; `*` for any.
    Federated(String),
    /// The canonical id of an account's owner, as S3 uses it. It cannot be traced to an account offline.
    CanonicalUser(String),
}

impl NamedPrincipal {
    pub(crate) fn aws(text: &str) -> Self {
        if text == "*" {
            return Self::Everyone;
        }
        if is_account_id(text) {
            return Self::Account(text.to_owned());
        }
        match Arn::split(text).and_then(|_| Principal::parse(text).ok()) {
            Some(_) if text.contains(['*', '?']) => Self::Unknown(text.to_owned()),
            Some(Principal::Root(root)) => Self::Account(root.account().to_owned()),
            Some(principal) => Self::Aws(principal),
            None => Self::Unknown(text.to_owned()),
        }
    }

    /// How this name covers `principal`, if it does.
    fn covers<'a>(&'a self, principal: &Principal) -> Option<Via<'a>> {
        match (self, principal) {
            (Self::Everyone, _) => Some(Via::Direct),
            (Self::Account(account), Principal::Root(root)) if account == root.account() => {
                Some(Via::Direct)
            }
            (Self::Account(account), _) if Some(account.as_str()) == principal.account() => {
                Some(Via::Account)
            }
            (Self::Aws(named), _) => covers_aws(named, principal),
            (Self::Service(named), Principal::Service(service)) => {
                (named == "*" || named.eq_ignore_ascii_case(service)).then_some(Via::Direct)
            }
            (Self::Federated(named), Principal::Federated(provider)) => {
                (named == "*" || named == provider).then_some(Via::Direct)
            }
            _ => None,
        }
    }
}

/// A session's ARN has no path, and role names are unique in an account whatever their path: so roles are
/// compared by name where one side is a session.
fn covers_aws<'a>(named: &'a Principal, principal: &Principal) -> Option<Via<'a>> {
    let same = |one: &Entity, other: &Entity| {
        one.account() == other.account() && one.name() == other.name()
    };
    match (named, principal) {
        (Principal::Role(role), Principal::AssumedRole(session)) => {
            same(role, session.role()).then_some(Via::Entity)
        }
        (Principal::AssumedRole(session), Principal::Role(role)) => {
            same(session.role(), role).then(|| Via::OneSession(session.name()))
        }
        // AWS IAM User Guide, "GetFederationToken": the session's name need not be the user's, so the user
        // behind a federated session is known by an equal name only.
        (Principal::User(user), Principal::FederatedUser(session)) => {
            same(user, session).then_some(Via::Entity)
        }
        (Principal::Role(_), Principal::Role(_)) if named == principal => Some(Via::Entity),
        _ if named == principal => Some(Via::Direct),
        _ => None,
    }
}

/// Through which of its names a principal is covered; it decides which other policies limit the grant.
///
/// # Source
/// AWS IAM User Guide, "How AWS enforcement code logic evaluates requests", table "Resource-based policies
/// and implicit denies in other policy types (same account)", read 2026-11.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Via<'a> {
    /// The very user, session, service or provider; or everyone.
    Direct,
    /// The role behind a session, or the user behind a federated session.
    Entity,
    /// The principal is a role, and only this session of it is named.
    OneSession(&'a str),
    /// The account, which has to let the principal itself.
    Account,
}

/// The `Principal` or `NotPrincipal` of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Principals<'a> {
    /// The statement is about these.
    Only(&'a [NamedPrincipal]),
    /// The statement is about everyone but these.
    AllBut(&'a [NamedPrincipal]),
    /// The statement names nobody, as in identity-based and organisation policies.
    Absent,
}

impl<'a> Principals<'a> {
    /// The principals that the statement names, be it to cover or to leave out.
    pub fn named(self) -> &'a [NamedPrincipal] {
        match self {
            Self::Only(named) | Self::AllBut(named) => named,
            Self::Absent => &[],
        }
    }

    /// The sessions of a role that the statement leaves out, where `principal` is the role and no session.
    pub(crate) fn sessions_left_out(self, principal: &Principal) -> impl Iterator<Item = Via<'a>> {
        let named = if let Self::AllBut(named) = self {
            named
        } else {
            &[]
        };
        named
            .iter()
            .filter_map(|name| name.covers(principal))
            .filter(|via| matches!(via, Via::OneSession(_)))
    }

    /// All the ways in which the statement covers `principal`.
    pub(crate) fn covering(self, principal: &Principal, effect: Effect) -> Vec<Via<'a>> {
        match self {
            Self::Absent => Vec::new(),
            Self::Only(named) => {
                let mut ways: Vec<Via<'a>> = Vec::new();
                for via in named.iter().filter_map(|name| name.covers(principal)) {
                    if !ways.contains(&via) {
                        ways.push(via);
                    }
                }
                ways
            }
            Self::AllBut(named) => {
                // Single sessions of a role are left out by `sessions_left_out`.
                let left_out = named
                    .iter()
                    .any(|name| match (name.covers(principal), effect) {
                        (None | Some(Via::OneSession(_)), _) => false,
                        (Some(_), Effect::Allow) => true,
                        (Some(via), Effect::Deny) => spares(via, principal),
                    });
                if left_out {
                    Vec::new()
                } else {
                    vec![Via::Direct]
                }
            }
        }
    }
}

/// Whether naming `principal` in this way in `NotPrincipal` spares it from a deny.
///
/// AWS IAM User Guide, "AWS JSON policy elements: NotPrincipal", read 2026-11: the examples name the account
/// and the role beside the one user or session that is spared, and yet deny the account's other users and
/// the role's other sessions. So a wider name alone spares nobody.
///
/// DEVIATION: the same page says that AWS "might" also deny where the account or role is not named beside
/// the session; which services do is not documented, so that is not modelled. It may over-report access.
fn spares(via: Via<'_>, principal: &Principal) -> bool {
    match via {
        Via::Direct => true,
        Via::Entity => matches!(principal, Principal::Role(_)),
        Via::OneSession(_) | Via::Account => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(named: &str, principal: &str, expected: Option<Via<'_>>) {
        let principal = Principal::parse(principal).unwrap();
        assert_eq!(
            NamedPrincipal::aws(named).covers(&principal),
            expected,
            "{named} {principal}"
        );
    }

    #[test]
    fn a_session_is_covered_by_its_role_whatever_the_path() {
        let session = "arn:aws:sts::111122223333:assumed-role/web/s1";
        check(session, session, Some(Via::Direct));
        check(
            "arn:aws:iam::111122223333:role/team/web",
            session,
            Some(Via::Entity),
        );
        check("arn:aws:iam::111122223333:role/web2", session, None);
        check("arn:aws:iam::444455556666:role/web", session, None);
        check("111122223333", session, Some(Via::Account));
        check("*", session, Some(Via::Direct));
        check("AROAEXAMPLEID", session, None);
        check("arn:aws:iam::111122223333:role/*", session, None);
    }

    #[test]
    fn a_session_name_covers_a_role_for_that_session_only() {
        let role = "arn:aws:iam::111122223333:role/web";
        let session = "arn:aws:sts::111122223333:assumed-role/web/s1";
        check(session, role, Some(Via::OneSession("s1")));
        check(role, role, Some(Via::Entity));
    }
}
