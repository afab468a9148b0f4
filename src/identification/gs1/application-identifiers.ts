/**
 * Every GS1 application identifier, one a line: identifier or range, flags, format, title, rules; two spaces or more
 * between columns.
 *
 * Flags: `f` its length is predefined, no separator follows; `a` may stand in the query of a Digital Link.
 *
 * Format: parts in order, each `set` and length, then the checks that its content must pass (`content-checks.ts`). Sets: N
 * digits, X character set 82, Y character set 39, Z base64url. `N6` is exactly six, `X..20` one to twenty, `[..]` may be absent.
 *
 * Rules: `needs` at least one of these on the same item, `01+21` both; `not` none of these; n stands for any digit. `key`
 * names a primary key of a Digital Link and its qualifiers in their order, `|` between alternatives.
 *
 * Source: GS1 Barcode Syntax Dictionary, release 2026-01-27, with what changed for AI 03 until 2026-07-27
 * (github.com/gs1/gs1-syntax-dictionary at ff2eb4bf, Copyright GS1 AISBL and the BWIPP and Zint projects, Apache-2.0;
 * rewritten into this form).
 */
export const APPLICATION_IDENTIFIERS = `
00         fa  N18,csum,gcppos2                  SSCC                      key
01         fa  N14,csum,gcppos2                  GTIN                      not=255,37 key=22,10,21|235
02         fa  N14,csum,gcppos2                  CONTENT                   needs=37 not=01,03
03         f   N14,csum,gcppos2                  MTO GTIN                  not=01,02,37,235
10         a   X..20                             BATCH/LOT                 needs=01,02,03,8006,8026
11         fa  N6,yymmd0                         PROD DATE                 needs=01,02,03,8006,8026
12         fa  N6,yymmd0                         DUE DATE                  needs=8020
13         fa  N6,yymmd0                         PACK DATE                 needs=01,02,03,8006,8026
15         fa  N6,yymmd0                         BEST BEFORE or BEST BY    needs=01,02,03,8006,8026
16         fa  N6,yymmd0                         SELL BY                   needs=01,02,03,8006,8026
17         fa  N6,yymmd0                         USE BY or EXPIRY          needs=01,02,03,255,8006,8026
20         fa  N2                                VARIANT                   needs=01,02,03,8006,8026
21         -   X..20                             SERIAL                    needs=01,03,8006 not=235
22         -   X..20                             CPV                       needs=01
235        -   X..28                             TPX                       needs=01
240        a   X..30                             ADDITIONAL ID             needs=01,02,03,8006,8026
241        a   X..30                             CUST. PART No.            needs=01,02,03,8006,8026
242        a   N..6                              MTO VARIANT               needs=01,02,8006,8026
243        a   X..20                             PCN                       needs=01,03
250        a   X..30                             SECONDARY SERIAL          needs=01+21,03+21,8006+21
251        a   X..30                             REF. TO SOURCE            needs=01,03,8006
253        a   N13,csum,gcppos1 [X..17]          GDTI                      key
254        -   X..20                             GLN EXTENSION COMPONENT   needs=414
255        a   N13,csum,gcppos1 [N..12]          GCN                       not=01,02,415,8006,8020,8026 key
30         a   N..8                              VAR. COUNT                needs=01,02
3100-3105  fa  N6                                NET WEIGHT (kg)           needs=01,02 not=310n
3110-3115  fa  N6                                LENGTH (m)                needs=01,02 not=311n
3120-3125  fa  N6                                WIDTH (m)                 needs=01,02 not=312n
3130-3135  fa  N6                                HEIGHT (m)                needs=01,02 not=313n
3140-3145  fa  N6                                AREA (m²)                 needs=01,02 not=314n
3150-3155  fa  N6                                NET VOLUME (l)            needs=01,02 not=315n
3160-3165  fa  N6                                NET VOLUME (m³)           needs=01,02 not=316n
3200-3205  fa  N6                                NET WEIGHT (lb)           needs=01,02 not=320n
3210-3215  fa  N6                                LENGTH (in)               needs=01,02 not=321n
3220-3225  fa  N6                                LENGTH (ft)               needs=01,02 not=322n
3230-3235  fa  N6                                LENGTH (yd)               needs=01,02 not=323n
3240-3245  fa  N6                                WIDTH (in)                needs=01,02 not=324n
3250-3255  fa  N6                                WIDTH (ft)                needs=01,02 not=325n
3260-3265  fa  N6                                WIDTH (yd)                needs=01,02 not=326n
3270-3275  fa  N6                                HEIGHT (in)               needs=01,02 not=327n
3280-3285  fa  N6                                HEIGHT (ft)               needs=01,02 not=328n
3290-3295  fa  N6                                HEIGHT (yd)               needs=01,02 not=329n
3300-3305  fa  N6                                GROSS WEIGHT (kg)         needs=00,01 not=330n
3310-3315  fa  N6                                LENGTH (m), log           needs=00,01 not=331n
3320-3325  fa  N6                                WIDTH (m), log            needs=00,01 not=332n
3330-3335  fa  N6                                HEIGHT (m), log           needs=00,01 not=333n
3340-3345  fa  N6                                AREA (m²), log            needs=00,01 not=334n
3350-3355  fa  N6                                VOLUME (l), log           needs=00,01 not=335n
3360-3365  fa  N6                                VOLUME (m³), log          needs=00,01 not=336n
3370-3375  fa  N6                                KG PER m²                 needs=01 not=337n
3400-3405  fa  N6                                GROSS WEIGHT (lb)         needs=00,01 not=340n
3410-3415  fa  N6                                LENGTH (in), log          needs=00,01 not=341n
3420-3425  fa  N6                                LENGTH (ft), log          needs=00,01 not=342n
3430-3435  fa  N6                                LENGTH (yd), log          needs=00,01 not=343n
3440-3445  fa  N6                                WIDTH (in), log           needs=00,01 not=344n
3450-3455  fa  N6                                WIDTH (ft), log           needs=00,01 not=345n
3460-3465  fa  N6                                WIDTH (yd), log           needs=00,01 not=346n
3470-3475  fa  N6                                HEIGHT (in), log          needs=00,01 not=347n
3480-3485  fa  N6                                HEIGHT (ft), log          needs=00,01 not=348n
3490-3495  fa  N6                                HEIGHT (yd), log          needs=00,01 not=349n
3500-3505  fa  N6                                AREA (in²)                needs=01,02 not=350n
3510-3515  fa  N6                                AREA (ft²)                needs=01,02 not=351n
3520-3525  fa  N6                                AREA (yd²)                needs=01,02 not=352n
3530-3535  fa  N6                                AREA (in²), log           needs=00,01 not=353n
3540-3545  fa  N6                                AREA (ft²), log           needs=00,01 not=354n
3550-3555  fa  N6                                AREA (yd²), log           needs=00,01 not=355n
3560-3565  fa  N6                                NET WEIGHT (tr oz)        needs=01,02 not=356n
3570-3575  fa  N6                                NET VOLUME (oz)           needs=01,02 not=357n
3600-3605  fa  N6                                NET VOLUME (qt (US))      needs=01,02 not=360n
3610-3615  fa  N6                                NET VOLUME (gal.)         needs=01,02 not=361n
3620-3625  fa  N6                                VOLUME (qt (US)), log     needs=00,01 not=362n
3630-3635  fa  N6                                VOLUME (gal (US)), log    needs=00,01 not=363n
3640-3645  fa  N6                                NET VOLUME (in³)          needs=01,02 not=364n
3650-3655  fa  N6                                NET VOLUME (ft³)          needs=01,02 not=365n
3660-3665  fa  N6                                NET VOLUME (yd³)          needs=01,02 not=366n
3670-3675  fa  N6                                VOLUME (in³), log         needs=00,01 not=367n
3680-3685  fa  N6                                VOLUME (ft³), log         needs=00,01 not=368n
3690-3695  fa  N6                                VOLUME (yd³), log         needs=00,01 not=369n
37         a   N..8                              COUNT                     needs=00+02,00+8026
3900-3909  a   N..15                             AMOUNT                    needs=255,8020 not=390n,391n,394n,8111
3910-3919  a   N3,iso4217 N..15                  AMOUNT                    needs=8020 not=391n
3920-3929  a   N..15                             PRICE                     needs=01+30,01+31nn,01+32nn,01+35nn,01+36nn not=392n,393n
3930-3939  a   N3,iso4217 N..15                  PRICE                     needs=30,31nn,32nn,35nn,36nn not=393n
3940-3943  a   N4                                PRCNT OFF                 needs=255 not=394n,8111
3950-3955  a   N6                                PRICE/UoM                 needs=30,31nn,32nn,35nn,36nn not=392n,393n,395n,8005
400        a   X..30                             ORDER NUMBER
401        a   X..30,gcppos1                     GINC                      key
402        a   N17,csum,gcppos1                  GSIN                      key
403        a   X..30                             ROUTE                     needs=00
410        fa  N13,csum,gcppos1                  SHIP TO LOC
411        fa  N13,csum,gcppos1                  BILL TO
412        fa  N13,csum,gcppos1                  PURCHASE FROM
413        fa  N13,csum,gcppos1                  SHIP FOR LOC
414        fa  N13,csum,gcppos1                  LOC No.                   key=254|7040
415        fa  N13,csum,gcppos1                  PAY TO                    needs=8020 key=8020
416        fa  N13,csum,gcppos1                  PROD/SERV LOC
417        fa  N13,csum,gcppos1                  PARTY                     key=7040
420        a   X..20                             SHIP TO POST              not=421
421        a   N3,iso3166 X..9                   SHIP TO POST              not=4307
422        a   N3,iso3166                        ORIGIN                    needs=01,02,03,8006,8026 not=426
423        a   N3,iso3166 [N3],iso3166 [N3],iso3166 [N3],iso3166 [N3],iso3166  COUNTRY - INITIAL PROCESS  needs=01,02,03 not=426
424        a   N3,iso3166                        COUNTRY - PROCESS         needs=01,02,03 not=426
425        a   N3,iso3166 [N3],iso3166 [N3],iso3166 [N3],iso3166 [N3],iso3166  COUNTRY - DISASSEMBLY     needs=01,02,03 not=426
426        a   N3,iso3166                        COUNTRY - FULL PROCESS    needs=01,02,03
427        a   X..3                              ORIGIN SUBDIVISION        needs=01+422,02+422,03+422
4300       a   X..35,pcenc                       SHIP TO COMP              needs=00
4301       a   X..35,pcenc                       SHIP TO NAME              needs=00
4302       a   X..70,pcenc                       SHIP TO ADD1              needs=00
4303       a   X..70,pcenc                       SHIP TO ADD2              needs=4302
4304       a   X..70,pcenc                       SHIP TO SUB               needs=00
4305       a   X..70,pcenc                       SHIP TO LOC               needs=00
4306       a   X..70,pcenc                       SHIP TO REG               needs=00
4307       a   X2,iso3166alpha2                  SHIP TO COUNTRY           needs=00
4308       a   X..30                             SHIP TO PHONE             needs=00
4309       a   N10,latitude N10,longitude        SHIP TO GEO               needs=00
4310       a   X..35,pcenc                       RTN TO COMP               needs=00
4311       a   X..35,pcenc                       RTN TO NAME               needs=00
4312       a   X..70,pcenc                       RTN TO ADD1               needs=00
4313       a   X..70,pcenc                       RTN TO ADD2               needs=4312
4314       a   X..70,pcenc                       RTN TO SUB                needs=00
4315       a   X..70,pcenc                       RTN TO LOC                needs=00
4316       a   X..70,pcenc                       RTN TO REG                needs=00
4317       a   X2,iso3166alpha2                  RTN TO COUNTRY            needs=00
4318       a   X..20                             RTN TO POST               needs=00
4319       a   X..30                             RTN TO PHONE              needs=00
4320       a   X..35,pcenc                       SRV DESCRIPTION           needs=00
4321       a   N1,yesno                          DANGEROUS GOODS           needs=00
4322       a   N1,yesno                          AUTH TO LEAVE             needs=00
4323       a   N1,yesno                          SIG REQUIRED              needs=00
4324       a   N6,yymmd0 N4,hhmi                 NOT BEF DEL DT            needs=00
4325       a   N6,yymmd0 N4,hhmi                 NOT AFT DEL DT            needs=00
4326       a   N6,yymmdd                         REL DATE                  needs=00
4330       a   N6 [X1],hyphen                    MAX TEMP F.               needs=00 not=4331
4331       a   N6 [X1],hyphen                    MAX TEMP C.               needs=00 not=4330
4332       a   N6 [X1],hyphen                    MIN TEMP F.               needs=00 not=4333
4333       a   N6 [X1],hyphen                    MIN TEMP C.               needs=00 not=4332
7001       a   N13                               NSN                       needs=01,02,8006,8026
7002       a   X..30                             MEAT CUT                  needs=01,02
7003       a   N6,yymmdd N4,hhmi                 EXPIRY TIME               needs=01,02,03
7004       a   N..4                              ACTIVE POTENCY            needs=01+10,03+10
7005       a   X..12                             CATCH AREA                needs=01,02
7006       a   N6,yymmdd                         FIRST FREEZE DATE         needs=01,02
7007       a   N6,yymmdd [N6],yymmdd             HARVEST DATE              needs=01,02
7008       a   X..3                              AQUATIC SPECIES           needs=01,02
7009       a   X..10                             FISHING GEAR TYPE         needs=01,02
7010       a   X..2                              PROD METHOD               needs=01,02,03
7011       a   N6,yymmdd [N4],hhmi               TEST BY DATE              needs=01,02,03
7020       a   X..20                             REFURB LOT                needs=01+416,03+416,8006+416
7021       a   X..20                             FUNC STAT                 needs=01,03,8006
7022       a   X..20                             REV STAT                  needs=01+7021,03+7021,8006+7021
7023       a   X..30,gcppos1                     GIAI - ASSEMBLY
7030       a   N3,iso3166999 X..27               PROCESSOR # 0             needs=01,02
7031       a   N3,iso3166999 X..27               PROCESSOR # 1             needs=01,02
7032       a   N3,iso3166999 X..27               PROCESSOR # 2             needs=01,02
7033       a   N3,iso3166999 X..27               PROCESSOR # 3             needs=01,02
7034       a   N3,iso3166999 X..27               PROCESSOR # 4             needs=01,02
7035       a   N3,iso3166999 X..27               PROCESSOR # 5             needs=01,02
7036       a   N3,iso3166999 X..27               PROCESSOR # 6             needs=01,02
7037       a   N3,iso3166999 X..27               PROCESSOR # 7             needs=01,02
7038       a   N3,iso3166999 X..27               PROCESSOR # 8             needs=01,02
7039       a   N3,iso3166999 X..27               PROCESSOR # 9             needs=01,02
7040       -   N1 X1 X1 X1,importeridx           UIC+EXT
7041       -   X..4,packagetype                  UFRGT UNIT TYPE           needs=00
710        a   X..20                             NHRN PZN                  needs=01
711        a   X..20                             NHRN CIP                  needs=01
712        a   X..20                             NHRN CN                   needs=01
713        a   X..20                             NHRN DRN                  needs=01
714        a   X..20                             NHRN AIM                  needs=01
715        a   X..20                             NHRN NDC                  needs=01
716        a   X..20                             NHRN AIC                  needs=01
717        a   X..20                             NHRN SRN                  needs=01
7230       a   X2 X..28                          CERT # 1                  needs=01,8004
7231       a   X2 X..28                          CERT # 2                  needs=01,8004
7232       a   X2 X..28                          CERT # 3                  needs=01,8004
7233       a   X2 X..28                          CERT # 4                  needs=01,8004
7234       a   X2 X..28                          CERT # 5                  needs=01,8004
7235       a   X2 X..28                          CERT # 6                  needs=01,8004
7236       a   X2 X..28                          CERT # 7                  needs=01,8004
7237       a   X2 X..28                          CERT # 8                  needs=01,8004
7238       a   X2 X..28                          CERT # 9                  needs=01,8004
7239       a   X2 X..28                          CERT # 10                 needs=01,8004
7240       a   X..20                             PROTOCOL                  needs=01,8006 not=03
7241       a   N2,mediatype                      AIDC MEDIA TYPE           needs=8017,8018
7242       a   X..25                             VCN                       needs=8017,8018
7250       a   N8,yyyymmdd                       DOB                       needs=8018 not=7251
7251       a   N8,yyyymmdd N4,hhmi               DOB TIME                  needs=8018 not=7250
7252       a   N1,iso5218                        BIO SEX                   needs=8018
7253       a   X..40,pcenc                       FAMILY NAME               needs=8017,8018 not=7256,7259
7254       a   X..40,pcenc                       GIVEN NAME                needs=8017,8018 not=7256,7259
7255       a   X..10                             SUFFIX                    needs=8017,8018 not=7256,7259
7256       a   X..90,pcenc                       FULL NAME                 needs=8017,8018
7257       a   X..70,pcenc                       PERSON ADDR               needs=8018
7258       a   X3,posinseqslash                  BIRTH SEQUENCE            needs=8018+7259
7259       a   X..40,pcenc                       BABY                      needs=8018 not=7256
8001       a   N4,nonzero N5,nonzero N3,nonzero N1,winding N1  DIMENSIONS                needs=01
8002       a   X..20                             CMT No.
8003       a   N1,zero N13,csum,gcppos1 [X..16]  GRAI                      key
8004       a   X..30,gcppos1                     GIAI                      key=7040
8005       a   N6                                PRICE PER UNIT            needs=01,02
8006       a   N14,csum,gcppos2 N4,pieceoftotal  ITIP                      not=01,03,37 key=22,10,21
8007       a   X..34,iban                        IBAN                      needs=415
8008       a   N6,yymmdd N2,hh [N2],mi [N2],ss   PROD TIME                 needs=01,02,03
8009       a   X..50                             OPTSEN                    needs=00,01,03
8010       a   Y..30,gcppos1                     CPID                      key=8011
8011       -   N..12,nozeroprefix                CPID SERIAL               needs=8010
8012       a   X..20                             VERSION                   needs=01,03,8006
8013       a   X..25,csumalpha,gcppos1           GMN                       key
8014       -   X..25,csumalpha,gcppos1,hasnondigit  MUDI                      needs=01
8017       a   N18,csum,gcppos1                  GSRN - PROVIDER           not=8018 key=8019
8018       a   N18,csum,gcppos1                  GSRN - RECIPIENT          not=8017 key=8019
8019       -   N..10                             SRIN                      needs=8017,8018
8020       -   X..25                             REF No.                   needs=415
8026       a   N14,csum,gcppos2 N4,pieceoftotal  ITIP CONTENT              needs=37 not=02,03,8006
8030       a   Z..90                             DIGSIG                    needs=00,01+21,03+21,253,255,8003,8004,8006+21,8010+8011,8017,8018
8040       -   N15                               IMEI                      needs=01+21
8041       -   N15                               IMEI2                     needs=01+21+8040
8042       -   N32                               ESIM                      needs=01+21+8040
8043       -   N18 [N..2]                        PSIM                      needs=01+21+8040
8110       a   X..70,couponcode                  -
8111       a   N4                                POINTS                    needs=255
8112       a   X..70,couponposoffer              -
8200       -   X..70                             PRODUCT URL               needs=01
90         a   X..30                             INTERNAL
91-99      a   X..90                             INTERNAL
`;
