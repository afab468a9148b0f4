/**
 * What the modifier character of an AIM identifier says, one a line: code character with modifier, then words. Left out is
 * where makers of scanners contradict each other (Codabar 1 and 3, straight 2 of 5) and where the modifier says nothing.
 *
 * Source: ISO/IEC 15424:2008 as the manuals of Zebra, Honeywell, Opticon and NCR print it.
 */
export const SYMBOLOGY_MODIFIERS = `
A0 no check character
A1 check character verified
A3 check character verified and left out
A4 full ASCII
A5 full ASCII, check character verified
A7 full ASCII, check character verified and left out
B0 full ASCII
B1 double density numeric
B2 double density numeric, then full ASCII
B4 full ASCII, then double density numeric
C0 no FNC1 in first or second place
C1 FNC1 in first place
C2 FNC1 in second place
C4 concatenated by the rules of ISBT
E0 13 digits, UPC-A and UPC-E filled up with zeros
E1 two-digit add-on alone
E2 five-digit add-on alone
E3 13 digits and an add-on
E4 8 digits
F0 no check character
F2 check character verified
F4 check character verified and left out
H0 one check character verified
H1 two check characters verified
H3 check characters verified and left out
I0 no check digit
I1 check digit verified
I3 check digit verified and left out
J0 no FNC1 in first place
J1 FNC1 in first place
L0 PDF417 as of 1994
L1 PDF417 with extended channel interpretation
L2 PDF417, basic channel
L3 MicroPDF417 in place of Code 128, FNC1 in first place
L4 MicroPDF417 in place of Code 128, FNC1 in second place
L5 MicroPDF417 in place of Code 128, no FNC1
M0 check digit verified
M1 check digit verified and left out
O0 Codablock 256, no FNC1
O1 Codablock 256, FNC1 in first place
O4 Codablock F, no FNC1
O5 Codablock F, FNC1 in first place
O6 Codablock A
Q0 model 1
Q1 model 2
Q2 model 2 with extended channel interpretation
Q3 model 2, FNC1 in first place
Q4 model 2 with extended channel interpretation, FNC1 in first place
Q5 model 2, FNC1 in second place
Q6 model 2 with extended channel interpretation, FNC1 in second place
U0 mode 4 or 5
U1 mode 2 or 3
U2 mode 4 or 5 with extended channel interpretation
U3 mode 2 or 3 with extended channel interpretation
d0 ECC 000 to 140
d1 ECC 200
d2 ECC 200, FNC1 in first or fifth place
d3 ECC 200, FNC1 in second or sixth place
d4 ECC 200 with extended channel interpretation
d5 ECC 200 with extended channel interpretation, FNC1 in first or fifth place
d6 ECC 200 with extended channel interpretation, FNC1 in second or sixth place
e0 element string
e1 composite, after a symbol separator
e2 composite, after an escape character
e3 composite, after an escape character, with extended channel interpretation
z0 no options
z1 FNC1 in first place
z2 FNC1 in second place
z3 extended channel interpretation
z4 extended channel interpretation, FNC1 in first place
z5 extended channel interpretation, FNC1 in second place
z6 structured append
z7 structured append, FNC1 in first place
z8 structured append, FNC1 in second place
z9 structured append, extended channel interpretation
zA structured append, extended channel interpretation, FNC1 in first place
zB structured append, extended channel interpretation, FNC1 in second place
zC rune
`;
