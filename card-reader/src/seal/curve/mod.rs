//! ECDSA signatures, verified. The curves of the NIST are aws-lc's; seals are also signed on Brainpool's and on P-224,
//! which no library of the product verifies, so those are verified here. Everything that is verified is public, so
//! nothing here needs to take the same time for every input.

mod parameters;

use aws_lc_rs::digest;
use aws_lc_rs::signature::{self, EcdsaVerificationAlgorithm, UnparsedPublicKey};
use num_bigint::BigUint;

/// A named curve with its group, as numbers in hexadecimal.
pub(super) struct Parameters {
    name: &'static str,
    oid: &'static str,
    /// Bytes of a coordinate, and of each half of a signature.
    bytes: usize,
    prime: &'static str,
    a: &'static str,
    b: &'static str,
    generator: (&'static str, &'static str),
    order: &'static str,
}

static CURVES: [&Parameters; 9] = [
    &parameters::P224,
    &parameters::P256,
    &parameters::P384,
    &parameters::P521,
    &parameters::BRAINPOOL_P224R1,
    &parameters::BRAINPOOL_P256R1,
    &parameters::BRAINPOOL_P320R1,
    &parameters::BRAINPOOL_P384R1,
    &parameters::BRAINPOOL_P512R1,
];

/// Hash functions of signatures (ICAO 9303-13 §2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    fn of(self, message: &[u8]) -> digest::Digest {
        let algorithm = match self {
            Self::Sha224 => &digest::SHA224,
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        };
        digest::digest(algorithm, message)
    }
}

/// A public key on a named curve.
#[derive(Clone)]
pub struct PublicKey {
    curve: &'static Parameters,
    /// Uncompressed: 4, x, y.
    point: Vec<u8>,
}

impl PublicKey {
    /// `oid`: the curve's, dotted; `point`: uncompressed. `None`: a curve that is not known, or no point of its length.
    #[must_use]
    pub fn new(oid: &str, point: &[u8]) -> Option<Self> {
        let curve = CURVES.into_iter().find(|curve| curve.oid == oid)?;
        let whole = point.len() == 2 * curve.bytes + 1 && point.first() == Some(&4);
        whole.then(|| Self { curve, point: point.to_vec() })
    }

    /// The curve's usual name.
    #[must_use]
    pub const fn curve(&self) -> &'static str {
        self.curve.name
    }

    /// The hash function that goes with the order's size (ICAO 9303-13 §2.4: at most as many bits).
    #[must_use]
    pub const fn hash(&self) -> Hash {
        match self.curve.bytes {
            ..=28 => Hash::Sha224,
            29..=32 => Hash::Sha256,
            33..=48 => Hash::Sha384,
            _ => Hash::Sha512,
        }
    }

    /// Whether `signature` (r, then s, each as long as the curve's order) is this key's over `message`.
    #[must_use]
    pub fn verify(&self, hash: Hash, message: &[u8], signature: &[u8]) -> bool {
        if signature.len() != 2 * self.curve.bytes {
            return false;
        }
        match library(self.curve, hash) {
            Some(algorithm) => UnparsedPublicKey::new(algorithm, &self.point).verify(message, signature).is_ok(),
            None => self.verify_here(hash, message, signature),
        }
    }

    /// The same for a signature as certificates carry it: r and s as numbers of any length.
    #[must_use]
    pub fn verify_numbers(&self, hash: Hash, message: &[u8], r: &[u8], s: &[u8]) -> bool {
        let padded = |number: &[u8]| -> Option<Vec<u8>> {
            let zeros = number.iter().take_while(|byte| **byte == 0).count();
            let digits = number.get(zeros..)?;
            let mut bytes = vec![0; self.curve.bytes.checked_sub(digits.len())?];
            bytes.extend_from_slice(digits);
            Some(bytes)
        };
        match (padded(r), padded(s)) {
            (Some(r), Some(s)) => self.verify(hash, message, &[r, s].concat()),
            _ => false,
        }
    }

    /// FIPS 186-4 §6.4.2 on any of the curves.
    fn verify_here(&self, hash: Hash, message: &[u8], signature: &[u8]) -> bool {
        let group = Group::of(self.curve);
        let (r, s) = signature.split_at(self.curve.bytes);
        let (r, s) = (BigUint::from_bytes_be(r), BigUint::from_bytes_be(s));
        let zero = BigUint::ZERO;
        if r == zero || s == zero || r >= group.order || s >= group.order {
            return false;
        }
        let Some((x, y)) = self.point.get(1..).map(|xy| xy.split_at(self.curve.bytes)) else { return false };
        let key = Affine { x: BigUint::from_bytes_be(x), y: BigUint::from_bytes_be(y) };
        if !group.holds(&key) {
            return false;
        }
        let digest = hash.of(message);
        let mut e = BigUint::from_bytes_be(digest.as_ref());
        let (bits, order_bits) = (digest.as_ref().len() as u64 * 8, group.order.bits());
        if bits > order_bits {
            e >>= bits - order_bits;
        }
        // The order is prime: Fermat's inverse.
        let inverse = s.modpow(&(&group.order - 2u32), &group.order);
        let (u1, u2) = (&e * &inverse % &group.order, &r * &inverse % &group.order);
        match group.affine(&group.sum_of_multiples(&u1, &u2, &key)) {
            Some(point) => point.x % &group.order == r,
            None => false,
        }
    }
}

/// What aws-lc verifies itself.
fn library(curve: &Parameters, hash: Hash) -> Option<&'static EcdsaVerificationAlgorithm> {
    match (curve.name, hash) {
        ("secp256r1", Hash::Sha256) => Some(&signature::ECDSA_P256_SHA256_FIXED),
        ("secp384r1", Hash::Sha384) => Some(&signature::ECDSA_P384_SHA384_FIXED),
        ("secp521r1", Hash::Sha512) => Some(&signature::ECDSA_P521_SHA512_FIXED),
        _ => None,
    }
}

struct Affine {
    x: BigUint,
    y: BigUint,
}

/// Jacobian coordinates: the point (x / z², y / z³); z = 0 is the neutral element.
#[derive(Clone)]
struct Point {
    x: BigUint,
    y: BigUint,
    z: BigUint,
}

/// y² = x³ + ax + b over a prime field.
struct Group {
    prime: BigUint,
    a: BigUint,
    b: BigUint,
    generator: Affine,
    order: BigUint,
}

impl Group {
    fn of(parameters: &Parameters) -> Self {
        let number = |hex: &str| BigUint::parse_bytes(hex.as_bytes(), 16).unwrap_or(BigUint::ZERO);
        Self {
            prime: number(parameters.prime),
            a: number(parameters.a),
            b: number(parameters.b),
            generator: Affine { x: number(parameters.generator.0), y: number(parameters.generator.1) },
            order: number(parameters.order),
        }
    }

    fn times(&self, a: &BigUint, b: &BigUint) -> BigUint {
        a * b % &self.prime
    }

    fn minus(&self, a: &BigUint, b: &BigUint) -> BigUint {
        if a >= b { a - b } else { a + &self.prime - b }
    }

    fn holds(&self, point: &Affine) -> bool {
        let Affine { x, y } = point;
        x < &self.prime && y < &self.prime && self.times(y, y) == (x * x * x + &self.a * x + &self.b) % &self.prime
    }

    fn neutral() -> Point {
        Point { x: BigUint::from(1u32), y: BigUint::from(1u32), z: BigUint::ZERO }
    }

    fn lifted(point: &Affine) -> Point {
        Point { x: point.x.clone(), y: point.y.clone(), z: BigUint::from(1u32) }
    }

    fn double(&self, p: &Point) -> Point {
        if p.z == BigUint::ZERO || p.y == BigUint::ZERO {
            return Self::neutral();
        }
        let y2 = self.times(&p.y, &p.y);
        let s = self.times(&(4u32 * &p.x), &y2);
        let z2 = self.times(&p.z, &p.z);
        let m = (3u32 * &p.x * &p.x + &self.a * self.times(&z2, &z2)) % &self.prime;
        let x = self.minus(&self.times(&m, &m), &(2u32 * &s % &self.prime));
        let y = self.minus(&self.times(&m, &self.minus(&s, &x)), &(8u32 * &y2 * &y2 % &self.prime));
        Point { x, y, z: 2u32 * &p.y * &p.z % &self.prime }
    }

    fn add(&self, p: &Point, q: &Point) -> Point {
        if p.z == BigUint::ZERO {
            return q.clone();
        }
        if q.z == BigUint::ZERO {
            return p.clone();
        }
        let (pz2, qz2) = (self.times(&p.z, &p.z), self.times(&q.z, &q.z));
        let (u1, u2) = (self.times(&p.x, &qz2), self.times(&q.x, &pz2));
        let s1 = self.times(&self.times(&p.y, &qz2), &q.z);
        let s2 = self.times(&self.times(&q.y, &pz2), &p.z);
        if u1 == u2 {
            return if s1 == s2 { self.double(p) } else { Self::neutral() };
        }
        let (h, r) = (self.minus(&u2, &u1), self.minus(&s2, &s1));
        let h2 = self.times(&h, &h);
        let (h3, u1h2) = (self.times(&h2, &h), self.times(&u1, &h2));
        let x = self.minus(&self.minus(&self.times(&r, &r), &h3), &(2u32 * &u1h2 % &self.prime));
        let y = self.minus(&self.times(&r, &self.minus(&u1h2, &x)), &self.times(&s1, &h3));
        Point { x, y, z: self.times(&self.times(&h, &p.z), &q.z) }
    }

    /// `u1` times the generator and `u2` times `key`, bit by bit together.
    fn sum_of_multiples(&self, u1: &BigUint, u2: &BigUint, key: &Affine) -> Point {
        let (generator, key) = (Self::lifted(&self.generator), Self::lifted(key));
        let both = self.add(&generator, &key);
        let mut sum = Self::neutral();
        for bit in (0..u1.bits().max(u2.bits())).rev() {
            sum = self.double(&sum);
            match (u1.bit(bit), u2.bit(bit)) {
                (true, true) => sum = self.add(&sum, &both),
                (true, false) => sum = self.add(&sum, &generator),
                (false, true) => sum = self.add(&sum, &key),
                (false, false) => {}
            }
        }
        sum
    }

    fn affine(&self, point: &Point) -> Option<Affine> {
        if point.z == BigUint::ZERO {
            return None;
        }
        let inverse = point.z.modpow(&(&self.prime - 2u32), &self.prime);
        let square = self.times(&inverse, &inverse);
        Some(Affine { x: self.times(&point.x, &square), y: self.times(&point.y, &self.times(&square, &inverse)) })
    }
}

#[cfg(test)]
mod tests {
    use super::{CURVES, Group, Hash, PublicKey};
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING,
        EcdsaKeyPair, KeyPair,
    };

    #[test]
    fn each_curve_holds_its_generator_whose_multiple_by_the_order_is_neutral() {
        for curve in CURVES {
            let group = Group::of(curve);
            assert!(group.holds(&group.generator), "{}", curve.name);
            let multiple = group.sum_of_multiples(&group.order, &0u32.into(), &group.generator);
            assert!(group.affine(&multiple).is_none(), "{}", curve.name);
        }
    }

    /// The library signs and both verify: the arithmetic here is held against the library's on the curves of both.
    #[test]
    fn what_the_library_signs_verifies_here_too_and_nothing_else_does() {
        for (oid, signing, hash) in [
            ("1.2.840.10045.3.1.7", &ECDSA_P256_SHA256_FIXED_SIGNING, Hash::Sha256),
            ("1.3.132.0.34", &ECDSA_P384_SHA384_FIXED_SIGNING, Hash::Sha384),
            ("1.3.132.0.35", &ECDSA_P521_SHA512_FIXED_SIGNING, Hash::Sha512),
        ] {
            let pair = EcdsaKeyPair::generate(signing).unwrap();
            let key = PublicKey::new(oid, pair.public_key().as_ref()).unwrap();
            assert_eq!(key.hash(), hash);
            for message in [&b""[..], b"a seal", &[0xff; 300]] {
                let signature = pair.sign(&SystemRandom::new(), message).unwrap();
                assert!(key.verify(hash, message, signature.as_ref()));
                assert!(key.verify_here(hash, message, signature.as_ref()));
                assert!(!key.verify_here(hash, b"another message", signature.as_ref()));
                let mut wrong = signature.as_ref().to_vec();
                wrong[7] ^= 1;
                assert!(!key.verify_here(hash, message, &wrong) && !key.verify(hash, message, &wrong));
            }
            let size = pair.public_key().as_ref().len() - 1;
            assert!(!key.verify_here(hash, b"", &vec![0; size]) && !key.verify(hash, b"", &vec![0xff; size]));
        }
    }

    #[test]
    fn a_key_off_its_curve_or_of_an_unknown_curve_verifies_nothing() {
        assert!(PublicKey::new("1.2.3", &[4; 65]).is_none());
        assert!(PublicKey::new("1.3.36.3.3.2.8.1.1.7", &[4; 64]).is_none());
        let off = PublicKey::new("1.3.36.3.3.2.8.1.1.7", &[4; 65]).unwrap();
        assert!(!off.verify(Hash::Sha256, b"x", &[1; 64]));
    }
}
