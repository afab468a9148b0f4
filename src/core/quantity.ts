/**
 * The closed list of what a meter can measure, each with the one unit it is published in, as a UCUM code
 * (The Unified Code for Units of Measure, ucum.org, section 2). A quantity never changes its unit: drivers and
 * profiles convert once, from the device's unit to this one.
 */
export const QUANTITIES = {
  'active-energy': 'kW.h',
  'active-power': 'kW',
  'apparent-energy': 'kV.A.h',
  'apparent-power': 'kV.A',
  'battery-level': '%',
  count: '1',
  current: 'A',
  'differential-pressure': 'kPa',
  distance: 'km',
  duration: 's',
  'flow-rate': 'm3/h',
  frequency: 'Hz',
  'fuel-rate': 'L/h',
  humidity: '%',
  level: '%',
  mass: 'kg',
  'operating-time': 'h',
  'power-factor': '1',
  pressure: 'kPa',
  'reactive-energy': 'kV.A.h{reactive}',
  'reactive-power': 'kV.A{reactive}',
  'rotational-speed': '/min',
  speed: 'km/h',
  starts: '1',
  state: '1',
  temperature: 'Cel',
  'thermal-energy': 'kW.h',
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
