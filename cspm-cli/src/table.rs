//! Answers for people.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::io::{self, IsTerminal, Write};

use cspm_model::StateRef;
use cspm_model::report::{AttackPath, Priority, RankedFinding, ReachReport, Report, Step, Verdict};

use crate::output;

/// How much a terminal can show.
pub(crate) struct Style {
    colour: bool,
    width: usize,
}

/// Columns where the width is not known.
const WIDTH: usize = 100;

impl Style {
    /// The style of what the answer is written to. Colour only on a terminal, unless `NO_COLOR` is set.
    pub(crate) fn of_output(to_file: bool) -> Self {
        let terminal = !to_file && io::stdout().is_terminal();
        let no_colour = std::env::var_os("NO_COLOR").is_some_and(|it| !it.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|it| it == "dumb");
        let width = if terminal {
            usize::from(console_width())
        } else {
            WIDTH
        };
        Self {
            colour: terminal && !no_colour && !dumb,
            width: width.clamp(60, 160),
        }
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.colour {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    fn priority(&self, priority: Priority) -> String {
        let word = priority.as_str().to_uppercase();
        match priority {
            Priority::Critical => self.paint("1;31", &word),
            Priority::High => self.paint("1;33", &word),
            Priority::Medium => self.paint("33", &word),
            Priority::Low => self.paint("36", &word),
            Priority::Suppressed => self.paint("2", &word),
        }
    }

    fn head(&self, text: &str) -> String {
        self.paint("1", text)
    }
}

fn console_width() -> u16 {
    console::Term::stdout().size().1
}

/// Prints a report: the answer first, then what was set aside and why.
pub(crate) fn report(
    report: &Report,
    top: usize,
    style: &Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    let summary = &report.summary;
    let suppressed = summary
        .by_priority
        .get(&Priority::Suppressed)
        .copied()
        .unwrap_or(0);
    let jewels = |reachable: bool| {
        let all = report
            .crown_jewels
            .iter()
            .filter(|it| it.reachable || !reachable);
        all.map(|it| &it.state.resource)
            .collect::<BTreeSet<_>>()
            .len()
    };
    writeln!(
        out,
        "{} resources, {} findings: {} to act on, {} suppressed. {} of {} crown jewels can be reached.",
        summary.resources,
        summary.findings,
        summary.findings - suppressed,
        suppressed,
        jewels(true),
        jewels(false),
    )?;
    let mut counts = Vec::new();
    for priority in Priority::ALL {
        let count = summary.by_priority.get(&priority).copied().unwrap_or(0);
        if count > 0 && priority != Priority::Suppressed {
            counts.push(format!("{count} {}", style.priority(priority)));
        }
    }
    if !counts.is_empty() {
        writeln!(out, "{}", counts.join("  "))?;
    }
    let ranked: Vec<&RankedFinding> = report
        .findings
        .iter()
        .filter(|it| it.priority != Priority::Suppressed)
        .collect();
    let mut told = Told::new(report);
    for finding in ranked.iter().take(top) {
        writeln!(out)?;
        finding_block(report, finding, &mut told, style, out)?;
    }
    if ranked.len() > top {
        writeln!(
            out,
            "\n... and {} more; --top N prints more, --format json holds all",
            ranked.len() - top
        )?;
    }
    let untold: Vec<&AttackPath> = report
        .attack_paths
        .iter()
        .filter(|it| it.findings.is_empty())
        .collect();
    if !untold.is_empty() {
        writeln!(
            out,
            "\n{}",
            style.head("ATTACK PATHS THAT NO FINDING TELLS OF")
        )?;
        for path in untold.iter().take(top.min(5)) {
            writeln!(
                out,
                "\n{:>3} {}  to {}",
                path.score,
                style.priority(path.priority),
                harmless(&path.to.to_string())
            )?;
            path_block(report, path, style, out)?;
        }
        if untold.len() > top.min(5) {
            writeln!(out, "\n... and {} more", untold.len() - top.min(5))?;
        }
    }
    if !report.possible_paths.is_empty() {
        writeln!(
            out,
            "\n{} possible paths need facts that were not collected; --format json lists them under possible_paths",
            report.possible_paths.len()
        )?;
    }
    set_aside(report, style, out)?;
    notes(report, style, out)
}

/// The paths of a report by id, each with its rank, and which of them were told.
struct Told<'r> {
    paths: HashMap<&'r str, (usize, &'r AttackPath)>,
    told: HashSet<&'r str>,
}

impl<'r> Told<'r> {
    fn new(report: &'r Report) -> Self {
        let paths = report.attack_paths.iter().chain(&report.possible_paths);
        let ranked = paths
            .enumerate()
            .map(|(rank, it)| (it.id.as_str(), (rank, it)));
        Self {
            paths: ranked.collect(),
            told: HashSet::new(),
        }
    }

    /// The paths of a finding in the order of the report.
    fn of(&self, finding: &RankedFinding) -> Vec<&'r AttackPath> {
        let found = finding.paths.iter();
        let mut found: Vec<_> = found.filter_map(|id| self.paths.get(id.as_str())).collect();
        found.sort_unstable_by_key(|(rank, _)| *rank);
        found.into_iter().map(|(_, path)| *path).collect()
    }
}

fn finding_block<'r>(
    report: &'r Report,
    finding: &RankedFinding,
    told: &mut Told<'r>,
    style: &Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    writeln!(
        out,
        "{:>3} {}  {}  {}",
        finding.score,
        style.priority(finding.priority),
        harmless(&finding.check),
        style.paint("2", &format!("(scanner: {})", finding.severity.as_str())),
    )?;
    writeln!(out, "    {}", harmless(&finding.resource))?;
    if !finding.title.is_empty() {
        wrapped(&finding.title, "    ", style, out)?;
    }
    wrapped(&format!("why: {}", finding.reason), "    ", style, out)?;
    let fix = &finding.fix;
    if !fix.text.is_empty() && finding.verdict == Verdict::OnPath {
        let gain = match fix.cuts_off {
            0 if report.summary.limits_hit.iter().any(|it| it == "searches") => {
                "what it cuts off was not worked out for all findings".to_owned()
            }
            0 => "other ways remain".to_owned(),
            1 => format!("cuts off 1 crown jewel of value {}", fix.value),
            count => format!("cuts off {count} crown jewels of value {}", fix.value),
        };
        wrapped(&format!("fix: {} ({gain})", fix.text), "    ", style, out)?;
    }
    let paths = told.of(finding);
    if let Some(path) = paths.first() {
        if told.told.insert(&path.id) {
            path_block(report, path, style, out)?;
        } else {
            writeln!(out, "    path {}: shown above", path.id)?;
        }
        for other in paths.iter().skip(1).take(3) {
            writeln!(
                out,
                "    also {}: to {}",
                other.id,
                harmless(&other.to.to_string())
            )?;
        }
        if paths.len() > 4 {
            writeln!(out, "    and {} more paths", paths.len() - 4)?;
        }
    }
    Ok(())
}

/// A path hop by hop, with technique and evidence.
fn path_block(
    report: &Report,
    path: &AttackPath,
    style: &Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    writeln!(
        out,
        "    path {}: likelihood {:.3}, {}, to {} of value {}",
        path.id,
        path.likelihood,
        path.certainty.as_str(),
        harmless(&short(&path.to)),
        path.value
    )?;
    steps_block(&path.steps, &report.steps, "      ", style, out)?;
    for condition in &path.conditions {
        writeln!(
            out,
            "      if {} {} {}",
            harmless(&condition.key),
            harmless(&condition.operator),
            harmless(&condition.values.join(", "))
        )?;
    }
    Ok(())
}

fn steps_block(
    ids: &[String],
    steps: &BTreeMap<String, Step>,
    indent: &str,
    style: &Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    let steps: Vec<&Step> = ids.iter().filter_map(|id| steps.get(id)).collect();
    // In the graph, a part of the network stands between neighbours, the place of requests between a machine and
    // what asks for it, and everybody between the internet and what is public; to a person, one reaches the other.
    // COST: parts only, each found once: a path may have as many steps as the estate has resources.
    let mut enters: HashMap<&StateRef, &Step> = HashMap::new();
    let mut leaves: HashMap<&StateRef, &Step> = HashMap::new();
    for step in &steps {
        if is_part(&step.to) {
            enters.entry(&step.to).or_insert(step);
        }
        if is_part(&step.from) {
            leaves.entry(&step.from).or_insert(step);
        }
    }
    let shown = steps.iter().filter(|it| {
        let between = [
            "network.position",
            "network.segment-member",
            "builtin.everybody",
        ];
        !between.contains(&it.technique.as_str())
    });
    for (number, step) in shown.enumerate() {
        let from = enters.get(&step.from).map_or(&step.from, |it| &it.from);
        let to = leaves.get(&step.to).map_or(&step.to, |it| &it.to);
        let and = step
            .requires
            .iter()
            .map(|it| enters.get(it).map_or(it, |step| &step.from))
            .fold(String::new(), |text, it| text + " + " + &short(it));
        writeln!(
            out,
            "{indent}{}. {}{} -> {}",
            number + 1,
            harmless(&short(from)),
            harmless(&and),
            style.head(&harmless(&short(to))),
        )?;
        let place = step
            .evidence
            .first()
            .map(|it| format!("  [{it}]"))
            .unwrap_or_default();
        let line = format!(
            "{indent}   {}{}",
            harmless(&step.technique),
            harmless(&place)
        );
        writeln!(out, "{}", style.paint("2", &line))?;
    }
    Ok(())
}

fn is_part(state: &StateRef) -> bool {
    let id = state.resource.as_str();
    id.starts_with("segment:") || id.starts_with("vantage:") || id == "everybody"
}

/// How many findings were suppressed for which reason.
fn set_aside(report: &Report, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let mut groups: BTreeMap<(Verdict, String), (u64, &RankedFinding)> = BTreeMap::new();
    for finding in report
        .findings
        .iter()
        .filter(|it| it.priority == Priority::Suppressed)
    {
        let key = (finding.verdict, finding.blocked_by.join(" + "));
        groups.entry(key).or_insert((0, finding)).0 += 1;
    }
    if groups.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{}", style.head("SUPPRESSED"))?;
    let mut rows: Vec<_> = groups.into_iter().collect();
    rows.sort_by(|a, b| b.1.0.cmp(&a.1.0).then_with(|| a.0.cmp(&b.0)));
    for ((verdict, blocked_by), (count, example)) in rows {
        writeln!(
            out,
            "{count:>7} {}: {}",
            verdict.as_str(),
            if blocked_by.is_empty() {
                "no reason recorded".to_owned()
            } else {
                blocked_by.replace('_', " ")
            },
        )?;
        let line = format!(
            "such as {} on {}: {}",
            example.id,
            short_id(&example.resource),
            example.reason
        );
        wrapped(&line, "          ", style, out)?;
    }
    Ok(())
}

fn notes(report: &Report, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let summary = &report.summary;
    let mut lines = Vec::new();
    if summary.not_findings > 0 {
        lines.push(format!(
            "{} records were passed, manual or resolved: no findings",
            summary.not_findings
        ));
    }
    if summary.unmapped > 0 {
        lines.push(format!(
            "{} findings are about resources that are not in the inventory: ranked by the scanner's severity",
            summary.unmapped
        ));
    }
    for limit in &summary.limits_hit {
        lines.push(format!("limit `{limit}` cut the analysis"));
    }
    if !report.diagnostics.is_empty() {
        let count: u64 = report.diagnostics.iter().map(|it| it.count).sum();
        lines.push(format!(
            "{count} things were noticed while reading; --format json lists them under diagnostics"
        ));
    }
    if !lines.is_empty() {
        writeln!(out, "\n{}", style.head("NOTES"))?;
    }
    for line in lines {
        writeln!(out, "  {line}")?;
    }
    Ok(())
}

/// Prints pairs, each with its way.
pub(crate) fn reach(answer: &ReachReport, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    if answer.pairs.is_empty() {
        return writeln!(out, "none of the first reaches any of the second");
    }
    for pair in &answer.pairs {
        writeln!(
            out,
            "{} -> {}  {}, likelihood {:.3}",
            harmless(&pair.from.to_string()),
            style.head(&harmless(&pair.to.to_string())),
            pair.certainty.as_str(),
            pair.likelihood
        )?;
        steps_block(&pair.steps, &answer.steps, "  ", style, out)?;
    }
    writeln!(out, "\n{} pairs", answer.pairs.len())
}

/// Characters of one text that a table shows. Ids of providers have up to 2,048, nearly all below 200;
/// what is longer was written to be in the way.
const TEXT_CHARS: usize = 1000;

/// Text as a terminal may show it.
fn harmless(text: &str) -> String {
    output::brief(output::harmless(text), TEXT_CHARS)
}

/// Text in lines that fit.
fn wrapped(text: &str, indent: &str, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let text = harmless(text);
    let room = style.width.saturating_sub(indent.len());
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > room {
            writeln!(out, "{indent}{line}")?;
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if line.is_empty() {
        Ok(())
    } else {
        writeln!(out, "{indent}{line}")
    }
}

/// A state in as few words as tell it apart.
fn short(state: &StateRef) -> String {
    let id = short_id(state.resource.as_str());
    match (&state.protocol, &state.ports) {
        _ if id == "internet" => id.to_owned(),
        (Some(protocol), Some(ports)) => format!("{id} {protocol}/{ports}"),
        _ => format!("{id} {}", state.access),
    }
}

fn short_id(id: &str) -> &str {
    if id.starts_with("arn:") {
        id.splitn(6, ':').nth(5).unwrap_or(id)
    } else {
        id
    }
}
