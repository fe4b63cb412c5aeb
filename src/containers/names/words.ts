/** Words for generated names: adjectives, and surnames of people who moved computing, science or seafaring. */
export const adjectives = (
  "able agile amber ample apt azure balmy bold brave breezy bright brisk calm candid cheery civil clear clever cosy crisp " +
  "curious dapper daring deft eager earnest easy elated even fair fancy fast fine firm fleet fluent fond frank free fresh " +
  "gallant gentle genial glad golden good grand hardy hasty hearty honest humble ideal ivory jaunty jolly jovial just keen " +
  "kind lively loyal lucid lucky mellow merry mild mighty modest neat nimble noble novel open patient placid plucky polite " +
  "prime proud prompt quick quiet ready regal robust rosy round royal rustic sage serene sharp silent silver sleek smart " +
  "snug solid spry stable stark steady stoic sturdy subtle sunny sure swift tender tidy tranquil trusty upbeat valiant " +
  "vivid warm wise witty young zesty"
).split(" ");

export const surnames = (
  "abel agnesi allen ampere anning apgar archimedes babbage backus banneker barton berners bernoulli bessel bohr boole " +
  "bose brahe braun burnell cantor carson cerf chandra church clarke codd cook copernicus cori cray curie dahl darwin " +
  "davies dijkstra dirac earhart edison einstein engelbart erdos euclid euler faraday fermat fermi feynman floyd fourier " +
  "franklin galileo galois gauss germain godel goodall gosper hamilton hamming hawking hertz hoare hopper hubble huygens " +
  "hypatia iverson jacquard johnson kahn kay keller kepler kernighan khorana kilby knuth kovalevskaya lamarr lamport " +
  "laplace leavitt leibniz lilienthal linnaeus lovelace magellan maxwell mccarthy mendel mirzakhani moore morse napier " +
  "nash naur neumann newell newton nobel noether ohm pascal pasteur payne perlman planck poincare ptolemy ramanujan " +
  "ritchie rubin sagan sammet shannon snow stallman stevin tereshkova tesla thompson torvalds turing vaughan volta wallace " +
  "watt wilkes wirth wozniak wright wu yalow yonath zuse"
).split(" ");
