/**
 * The closed list of what a meter can measure, each with the one unit it is published in, as a UCUM code
 * (The Unified Code for Units of Measure, ucum.org, section 2). A quantity never changes its unit: drivers and
 * profiles convert once, from the device's unit to this one.
 */
export const QUANTITIES = {
  acceleration: 'm/s2',
  'active-energy': 'kW.h',
  'active-power': 'kW',
  angle: 'deg',
  'angular-velocity': 'deg/s',
  'apparent-energy': 'kV.A.h',
  'apparent-power': 'kV.A',
  'battery-level': '%',
  concentration: '[ppm]',
  conductivity: 'uS/cm',
  count: '1',
  current: 'A',
  'differential-pressure': 'kPa',
  distance: 'km',
  duration: 's',
  'flow-rate': 'm3/h',
  frequency: 'Hz',
  'fuel-rate': 'L/h',
  humidity: '%',
  illuminance: 'lx',
  index: '1',
  length: 'm',
  level: '%',
  mass: 'kg',
  'mass-concentration': 'ug/m3',
  'mass-flow': 'kg/h',
  moisture: '%',
  'operating-time': 'h',
  'power-factor': '1',
  precipitation: 'mm',
  pressure: 'kPa',
  'reactive-energy': 'kV.A.h{reactive}',
  'reactive-power': 'kV.A{reactive}',
  'rotational-speed': '/min',
  speed: 'km/h',
  starts: '1',
  state: '1',
  temperature: 'Cel',
  text: '1',
  'thermal-energy': 'kW.h',
  time: 's',
  voltage: 'V',
  volume: 'm3',
} as const;

/** A measured quantity, such as `operating-time`. */
export type Quantity = keyof typeof QUANTITIES;

/** A UCUM code out of the closed list. */
export type Unit = (typeof QUANTITIES)[Quantity];

/** The UCUM code that values of this quantity are published in. */
export function unitOf(quantity: Quantity): Unit {
  return QUANTITIES[quantity];
}
