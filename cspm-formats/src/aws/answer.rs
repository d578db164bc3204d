//! One answer of the provider's API, and where the things in it belong.

use std::cell::Cell;

use cspm_model::{Properties, Resource, ResourceId, resource::Kind};

use super::path::region_of_zone;
use crate::findings::is_account;
use crate::node::Node;

/// An answer and what is known around it.
#[derive(Debug)]
pub(super) struct Answer<'a> {
    /// The document.
    pub(super) root: Node<'a>,
    account: Option<&'a str>,
    region: Option<&'a str>,
    argument: Option<&'a str>,
    homeless: Cell<u64>,
}

impl<'a> Answer<'a> {
    pub(super) fn new(
        root: Node<'a>,
        account: Option<&'a str>,
        region: Option<&'a str>,
        argument: Option<&'a str>,
    ) -> Self {
        Self {
            root,
            account,
            region,
            argument,
            homeless: Cell::new(0),
        }
    }

    /// The resource that the call was about, by the name of the document.
    pub(super) fn argument(&self) -> Option<&'a str> {
        self.argument
    }

    /// The account it was collected in.
    pub(super) fn account(&self) -> Option<&'a str> {
        self.account
    }

    /// How many things were met whose account is not known.
    pub(super) fn homeless(&self) -> u64 {
        self.homeless.get()
    }

    /// Where a thing belongs that says its owner, if it does, and its zone.
    pub(super) fn home(&self, owner: Option<&str>, zone: Option<&str>) -> Home {
        let account = owner.filter(|it| is_account(it)).or(self.account);
        if account.is_none() {
            self.homeless.set(self.homeless.get().saturating_add(1));
        }
        Home {
            account: account.map(str::to_owned),
            region: zone
                .and_then(region_of_zone)
                .or(self.region)
                .map(str::to_owned),
        }
    }

    /// Where a thing of a service without regions belongs.
    pub(super) fn global(&self, owner: Option<&str>) -> Home {
        Home {
            region: None,
            ..self.home(owner, None)
        }
    }

    /// Where the thing with this ARN belongs.
    pub(super) fn home_of(&self, arn: &str) -> Home {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let home = self.home(parts.get(4).copied(), None);
        match parts.get(3) {
            Some(region) if parts.len() == 6 => Home {
                region: Some((*region).to_owned()).filter(|it| !it.is_empty()),
                ..home
            },
            _ => home,
        }
    }
}

/// Account and region of a thing.
#[derive(Debug, Clone)]
pub(super) struct Home {
    /// Account number, if known.
    pub(super) account: Option<String>,
    /// Region, if known and if there is one.
    pub(super) region: Option<String>,
}

impl Home {
    /// Account number, or nothing.
    pub(super) fn account(&self) -> &str {
        self.account.as_deref().unwrap_or_default()
    }

    /// `arn:aws:SERVICE:REGION:ACCOUNT:TAIL`.
    pub(super) fn arn(&self, service: &str, tail: &str) -> String {
        let region = self.region.as_deref().unwrap_or_default();
        format!(
            "arn:{}:{service}:{region}:{}:{tail}",
            self.partition(),
            self.account()
        )
    }

    /// The ARN of `tail`, unless it is one already.
    pub(super) fn arn_or(&self, name: &str, service: &str, before: &str) -> String {
        if name.starts_with("arn:") {
            name.to_owned()
        } else {
            self.arn(service, &format!("{before}{name}"))
        }
    }

    /// A resource here, described at `node`.
    pub(super) fn resource(&self, id: &str, kind: &str, node: &Node<'_>) -> Resource {
        let mut resource = Resource::new(ResourceId::new(id), Kind::new(kind), node.place());
        resource.provider = Some("aws".to_owned());
        resource.account.clone_from(&self.account);
        resource.region.clone_from(&self.region);
        resource
    }

    /// A part of EC2: named by its id, tagged under `tags`.
    pub(super) fn ec2(
        &self,
        word: &str,
        id: &str,
        kind: &str,
        node: &Node<'_>,
        tags: &str,
    ) -> Resource {
        let mut resource = self.resource(&self.arn("ec2", &format!("{word}/{id}")), kind, node);
        resource.tags = node.tags(tags);
        resource.name = resource
            .tags
            .get("Name")
            .filter(|name| !name.is_empty())
            .cloned();
        resource
    }

    fn partition(&self) -> &'static str {
        match self.region.as_deref() {
            Some(region) if region.starts_with("cn-") => "aws-cn",
            Some(region) if region.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        }
    }
}

/// Fills in what is said of a resource.
pub(super) trait Describe: Sized {
    /// With this name.
    fn named(self, name: Option<&str>) -> Self;
    /// With these facts.
    fn with(self, properties: Properties) -> Self;
}

impl Describe for Resource {
    fn named(mut self, name: Option<&str>) -> Self {
        self.name = name.map(str::to_owned);
        self
    }

    fn with(mut self, properties: Properties) -> Self {
        self.properties = properties;
        self
    }
}
