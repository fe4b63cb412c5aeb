//! Things that are waited for, found again by a token. A token of something that is gone finds nothing, even when its
//! place was taken by something else.

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Place {
    pub index: u32,
    generation: u32,
}

pub struct Slab<T> {
    entries: Vec<(u32, Option<T>)>,
    free: Vec<u32>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            free: Vec::new(),
        }
    }
}

/// Generations of a packed place have 24 bits.
const GENERATIONS: u32 = 0xff_ffff;

impl<T> Slab<T> {
    pub fn insert(&mut self, value: T) -> Place {
        let index = self.free.pop().unwrap_or_else(|| {
            self.entries.push((0, None));
            self.entries.len() as u32 - 1
        });
        let entry = &mut self.entries[index as usize];
        entry.1 = Some(value);
        Place {
            index,
            generation: entry.0,
        }
    }

    pub fn get(&self, place: Place) -> Option<&T> {
        let (generation, value) = self.entries.get(place.index as usize)?;
        value.as_ref().filter(|_| *generation == place.generation)
    }

    pub fn get_mut(&mut self, place: Place) -> Option<&mut T> {
        let (generation, value) = self.entries.get_mut(place.index as usize)?;
        value.as_mut().filter(|_| *generation == place.generation)
    }

    pub fn remove(&mut self, place: Place) -> Option<T> {
        let (generation, value) = self.entries.get_mut(place.index as usize)?;
        if *generation != place.generation {
            return None;
        }
        let value = value.take()?;
        *generation = (*generation + 1) & GENERATIONS;
        self.free.push(place.index);
        Some(value)
    }

    pub fn len(&self) -> usize {
        self.entries.len() - self.free.len()
    }

    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.entries.iter().filter_map(|(_, value)| value.as_ref())
    }

    pub fn places(&self) -> Vec<Place> {
        let taken = self
            .entries
            .iter()
            .enumerate()
            .filter(|(_, (_, value))| value.is_some());
        let place = |(index, (generation, _)): (usize, &(u32, Option<T>))| Place {
            index: index as u32,
            generation: *generation,
        };
        taken.map(place).collect()
    }
}

/// What a readiness event is about: a kind of thing, and which one.
pub fn pack(kind: u8, place: Place) -> u64 {
    u64::from(kind) << 56 | u64::from(place.generation) << 32 | u64::from(place.index)
}

pub fn unpack(token: u64) -> (u8, Place) {
    let place = Place {
        index: token as u32,
        generation: (token >> 32) as u32 & GENERATIONS,
    };
    ((token >> 56) as u8, place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remove_makes_the_place_free_and_its_token_worthless() {
        let mut slab = Slab::default();
        let first = slab.insert("a");
        assert_eq!((slab.remove(first), slab.remove(first)), (Some("a"), None));
        let second = slab.insert("b");
        assert_eq!((second.index, slab.get(first), slab.get(second)), (0, None, Some(&"b")));
        assert_eq!((slab.len(), unpack(pack(7, second))), (1, (7, second)));
    }
}
