//! Volumes and their snapshots.

use cspm_model::Properties;
use cspm_model::resource::{SnapshotFacts, VolumeFacts};

use super::answer::{Answer, Describe};
use super::collection::{Facts, Rank};

/// `ec2 describe-volumes`
pub(super) fn volumes(answer: &Answer<'_>, facts: &mut Facts) {
    for volume in answer.root.objects("Volumes") {
        let Some(id) = volume.text("VolumeId") else {
            volume.missing("VolumeId");
            continue;
        };
        let home = answer.home(volume.text("OwnerId"), volume.text("AvailabilityZone"));
        facts.add(
            Rank::Main,
            home.ec2("volume", id, "data.volume", &volume, "Tags")
                .with(Properties::Volume(Box::new(VolumeFacts {
                    encrypted: volume.flag("Encrypted"),
                    key: volume.string("KmsKeyId"),
                    attached_to: volume.texts_of("Attachments", "InstanceId"),
                    snapshot: volume.string("SnapshotId"),
                    ..VolumeFacts::default()
                }))),
        );
    }
}

/// `ec2 describe-snapshots`
pub(super) fn snapshots(answer: &Answer<'_>, facts: &mut Facts) {
    for snapshot in answer.root.objects("Snapshots") {
        let Some(id) = snapshot.text("SnapshotId") else {
            snapshot.missing("SnapshotId");
            continue;
        };
        let home = answer.home(snapshot.text("OwnerId"), None);
        let mut resource = home.ec2("snapshot", id, "data.snapshot", &snapshot, "Tags");
        // AWS's own form of the ARN names no account.
        let region = home.region.as_deref().unwrap_or_default();
        resource
            .aliases
            .push(format!("arn:aws:ec2:{region}::snapshot/{id}"));
        facts.add(
            Rank::Main,
            resource.with(Properties::Snapshot(Box::new(SnapshotFacts {
                encrypted: snapshot.flag("Encrypted"),
                key: snapshot.string("KmsKeyId"),
                // What every copied or imported snapshot names, whose volume does not exist.
                volume: snapshot
                    .string("VolumeId")
                    .filter(|it| it != "vol-ffffffff"),
                ..SnapshotFacts::default()
            }))),
        );
    }
}

/// `ec2 describe-snapshot-attribute`
pub(super) fn snapshot_attribute(answer: &Answer<'_>, facts: &mut Facts) {
    let root = &answer.root;
    let Some(id) = root.text("SnapshotId").or_else(|| answer.argument()) else {
        root.missing("SnapshotId");
        return;
    };
    let permissions = root.objects("CreateVolumePermissions");
    let shared_with: Vec<String> = permissions
        .iter()
        .filter_map(|it| it.string("UserId").or_else(|| it.string("Group")))
        .collect();
    let evidence = (!shared_with.is_empty()).then(|| root.place_of("CreateVolumePermissions"));
    facts.add(
        Rank::Part,
        answer
            .home(None, None)
            .ec2("snapshot", id, "data.snapshot", root, "Tags")
            .with(Properties::Snapshot(Box::new(SnapshotFacts {
                shared_with,
                evidence,
                ..SnapshotFacts::default()
            }))),
    );
}
