//! How long each step of a start took, in microseconds.

use std::time::Instant;

use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap};

#[derive(Debug)]
pub struct Timings {
    last: Instant,
    steps: Vec<(&'static str, u32)>,
}

impl Timings {
    pub fn start() -> Self {
        Self {
            last: Instant::now(),
            steps: Vec::with_capacity(24),
        }
    }

    /// Books the time since the previous mark to `step`; a step that is marked twice is summed.
    pub fn mark(&mut self, step: &'static str) {
        let now = Instant::now();
        let us = u32::try_from(now.duration_since(self.last).as_micros()).unwrap_or(u32::MAX);
        self.last = now;
        match self.steps.iter_mut().find(|(name, _)| *name == step) {
            Some((_, total)) => *total = total.saturating_add(us),
            None => self.steps.push((step, us)),
        }
    }

    pub fn steps(&self) -> &[(&'static str, u32)] {
        &self.steps
    }
}

impl Serialize for Timings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.steps.len()))?;
        for (step, us) in &self.steps {
            map.serialize_entry(step, us)?;
        }
        map.end()
    }
}

/// Timings as they arrive from another process.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TimingTable(pub std::collections::BTreeMap<String, u32>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mark_sums_a_step_that_is_marked_twice() {
        let mut timings = Timings::start();
        timings.mark("mounts");
        timings.mark("root");
        timings.mark("mounts");
        assert_eq!(
            timings.steps().iter().map(|(name, _)| *name).collect::<Vec<_>>(),
            ["mounts", "root"]
        );
    }
}
