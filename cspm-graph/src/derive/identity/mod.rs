//! Steps that follow from permissions: who may do what, asked of the policy evaluator.

mod access;
mod candidates;
mod encryption;
mod escalation;
mod holders;
mod near_miss;
mod permissions;
mod policies;
mod public;
mod roles;
mod vantage;

pub use near_miss::{GrantControl, NearMiss, NearMisses};
pub use permissions::{PermissionAnswer, Permissions};

use cspm_model::{Diagnostic, Estate};

use super::DeriveError;
use super::draft::Draft;
use super::network::Sender;
use super::technique::Techniques;
use candidates::Targets;
use holders::Holders;
use policies::Policies;
use vantage::Vantages;

/// Makes the steps of identities and data; returns the grants that are void.
pub(super) fn derive(
    estate: &Estate,
    techniques: &Techniques,
    senders: &[Sender],
    draft: &mut Draft,
    diagnostics: &mut Vec<Diagnostic>,
) -> Result<NearMisses, DeriveError> {
    let policies = Policies::new(estate, diagnostics);
    let holders = Holders::new(estate, &policies, diagnostics);
    let targets = Targets::new(estate, &policies);
    let vantages = Vantages::new(estate, senders);
    let mut misses = NearMisses::default();
    let world = World {
        estate,
        techniques,
        policies: &policies,
        holders: &holders,
        targets: &targets,
        vantages: &vantages,
    };
    roles::derive(&world, draft, &mut misses)?;
    let administrators = escalation::derive(&world, draft, &mut misses)?;
    let public = public::derive(&world, draft, &mut misses)?;
    access::derive(&world, &administrators, &public, draft, &mut misses)?;
    Ok(misses)
}

/// What every part of this module asks.
#[derive(Clone, Copy)]
struct World<'w> {
    estate: &'w Estate,
    techniques: &'w Techniques,
    policies: &'w Policies,
    holders: &'w Holders<'w>,
    targets: &'w Targets,
    vantages: &'w Vantages<'w>,
}
