function F(t,e){let i=document.createElement("template");i.innerHTML=e;let r=[...i.content.querySelectorAll("style")];t.adoptedStyleSheets=r.map(a=>{a.remove();let o=new CSSStyleSheet;return o.replaceSync(a.textContent??""),o}),t.replaceChildren(i.content)}function Hr(t){return[...t.adoptedStyleSheets].map(e=>({sheet:e}))}var Si=class{addEventListener(){}removeEventListener(){}dispatchEvent(){return!0}},yi=class extends Si{},Ii=class extends yi{constructor(){super(...arguments),this.role=null}},Wr=class{observe(){}unobserve(){}disconnect(){}},Io={createElement:function(){return new Gt.HTMLElement},createElementNS:function(){return new Gt.HTMLElement},addEventListener(){},removeEventListener(){},dispatchEvent(t){return!1}},Gt={ResizeObserver:Wr,document:Io,Node:yi,Element:Ii,HTMLElement:class extends Ii{constructor(){super(...arguments),this.innerHTML=""}get content(){return new Gt.DocumentFragment}},DocumentFragment:class extends Si{},customElements:{get:function(){},define:function(){},whenDefined:function(){}},localStorage:{getItem(t){return null},setItem(t,e){},removeItem(t){}},CustomEvent:function(){},getComputedStyle:function(){},navigator:{languages:[],get userAgent(){return""}},matchMedia(t){return{matches:!1,media:t}},DOMParser:class{parseFromString(e,i){return{body:{textContent:e}}}}},ko="global"in globalThis&&globalThis?.global===globalThis||typeof window>"u"||typeof window.customElements>"u",wo=Object.keys(Gt).every(t=>t in globalThis),l=ko&&!wo?Gt:globalThis,B=ko&&!wo?Io:globalThis.document;var m={MEDIA_PLAY_REQUEST:"mediaplayrequest",MEDIA_PAUSE_REQUEST:"mediapauserequest",MEDIA_MUTE_REQUEST:"mediamuterequest",MEDIA_UNMUTE_REQUEST:"mediaunmuterequest",MEDIA_LOOP_REQUEST:"medialooprequest",MEDIA_VOLUME_REQUEST:"mediavolumerequest",MEDIA_SEEK_REQUEST:"mediaseekrequest",MEDIA_AIRPLAY_REQUEST:"mediaairplayrequest",MEDIA_ENTER_FULLSCREEN_REQUEST:"mediaenterfullscreenrequest",MEDIA_EXIT_FULLSCREEN_REQUEST:"mediaexitfullscreenrequest",MEDIA_PREVIEW_REQUEST:"mediapreviewrequest",MEDIA_ENTER_PIP_REQUEST:"mediaenterpiprequest",MEDIA_EXIT_PIP_REQUEST:"mediaexitpiprequest",MEDIA_ENTER_CAST_REQUEST:"mediaentercastrequest",MEDIA_EXIT_CAST_REQUEST:"mediaexitcastrequest",MEDIA_SHOW_TEXT_TRACKS_REQUEST:"mediashowtexttracksrequest",MEDIA_HIDE_TEXT_TRACKS_REQUEST:"mediahidetexttracksrequest",MEDIA_SHOW_SUBTITLES_REQUEST:"mediashowsubtitlesrequest",MEDIA_DISABLE_SUBTITLES_REQUEST:"mediadisablesubtitlesrequest",MEDIA_TOGGLE_SUBTITLES_REQUEST:"mediatogglesubtitlesrequest",MEDIA_PLAYBACK_RATE_REQUEST:"mediaplaybackraterequest",MEDIA_RENDITION_REQUEST:"mediarenditionrequest",MEDIA_AUDIO_TRACK_REQUEST:"mediaaudiotrackrequest",MEDIA_SEEK_TO_LIVE_REQUEST:"mediaseektoliverequest",REGISTER_MEDIA_STATE_RECEIVER:"registermediastatereceiver",UNREGISTER_MEDIA_STATE_RECEIVER:"unregistermediastatereceiver"},k={MEDIA_CHROME_ATTRIBUTES:"mediachromeattributes",MEDIA_CONTROLLER:"mediacontroller"},$r={MEDIA_AIRPLAY_UNAVAILABLE:"mediaAirplayUnavailable",MEDIA_AUDIO_TRACK_ENABLED:"mediaAudioTrackEnabled",MEDIA_AUDIO_TRACK_LIST:"mediaAudioTrackList",MEDIA_AUDIO_TRACK_UNAVAILABLE:"mediaAudioTrackUnavailable",MEDIA_BUFFERED:"mediaBuffered",MEDIA_CAST_UNAVAILABLE:"mediaCastUnavailable",MEDIA_CHAPTERS_CUES:"mediaChaptersCues",MEDIA_CURRENT_TIME:"mediaCurrentTime",MEDIA_DURATION:"mediaDuration",MEDIA_ENDED:"mediaEnded",MEDIA_ERROR:"mediaError",MEDIA_ERROR_CODE:"mediaErrorCode",MEDIA_ERROR_MESSAGE:"mediaErrorMessage",MEDIA_FULLSCREEN_UNAVAILABLE:"mediaFullscreenUnavailable",MEDIA_HAS_PLAYED:"mediaHasPlayed",MEDIA_HEIGHT:"mediaHeight",MEDIA_IS_AIRPLAYING:"mediaIsAirplaying",MEDIA_IS_CASTING:"mediaIsCasting",MEDIA_IS_FULLSCREEN:"mediaIsFullscreen",MEDIA_IS_PIP:"mediaIsPip",MEDIA_LOADING:"mediaLoading",MEDIA_MUTED:"mediaMuted",MEDIA_LOOP:"mediaLoop",MEDIA_PAUSED:"mediaPaused",MEDIA_PIP_UNAVAILABLE:"mediaPipUnavailable",MEDIA_PLAYBACK_RATE:"mediaPlaybackRate",MEDIA_PREVIEW_CHAPTER:"mediaPreviewChapter",MEDIA_PREVIEW_COORDS:"mediaPreviewCoords",MEDIA_PREVIEW_IMAGE:"mediaPreviewImage",MEDIA_PREVIEW_TIME:"mediaPreviewTime",MEDIA_RENDITION_LIST:"mediaRenditionList",MEDIA_RENDITION_SELECTED:"mediaRenditionSelected",MEDIA_RENDITION_UNAVAILABLE:"mediaRenditionUnavailable",MEDIA_SEEKABLE:"mediaSeekable",MEDIA_STREAM_TYPE:"mediaStreamType",MEDIA_SUBTITLES_LIST:"mediaSubtitlesList",MEDIA_SUBTITLES_SHOWING:"mediaSubtitlesShowing",MEDIA_TARGET_LIVE_WINDOW:"mediaTargetLiveWindow",MEDIA_TIME_IS_LIVE:"mediaTimeIsLive",MEDIA_VOLUME:"mediaVolume",MEDIA_VOLUME_LEVEL:"mediaVolumeLevel",MEDIA_VOLUME_UNAVAILABLE:"mediaVolumeUnavailable",MEDIA_LANG:"mediaLang",MEDIA_WIDTH:"mediaWidth"},Mo=Object.entries($r),s=Mo.reduce((t,[e,i])=>(t[e]=i.toLowerCase(),t),{}),cn={USER_INACTIVE_CHANGE:"userinactivechange",BREAKPOINTS_CHANGE:"breakpointchange",BREAKPOINTS_COMPUTED:"breakpointscomputed"},Qe=Mo.reduce((t,[e,i])=>(t[e]=i.toLowerCase(),t),{...cn}),sd=Object.entries(Qe).reduce((t,[e,i])=>{let r=s[e];return r&&(t[i]=r),t},{userinactivechange:"userinactive"}),Lo=Object.entries(s).reduce((t,[e,i])=>{let r=Qe[e];return r&&(t[i]=r),t},{userinactive:"userinactivechange"}),j={SUBTITLES:"subtitles",CAPTIONS:"captions",DESCRIPTIONS:"descriptions",CHAPTERS:"chapters",METADATA:"metadata"},Oe={DISABLED:"disabled",HIDDEN:"hidden",SHOWING:"showing"};var ki={MOUSE:"mouse",PEN:"pen",TOUCH:"touch"},ee={UNAVAILABLE:"unavailable",UNSUPPORTED:"unsupported"},ie={LIVE:"live",ON_DEMAND:"on-demand",UNKNOWN:"unknown"};var Do={INLINE:"inline",FULLSCREEN:"fullscreen",PICTURE_IN_PICTURE:"picture-in-picture"};var Ro=new WeakMap,Vr=t=>{let e=Ro.get(t);return e||Ro.set(t,e=new Set),e},Co=new l.ResizeObserver(t=>{for(let e of t)for(let i of Vr(e.target))i(e)});function wi(t,e){Vr(t).add(e),Co.observe(t)}function Mi(t,e){let i=Vr(t);i.delete(e),i.size||Co.unobserve(t)}function H(t){let e={};for(let i of t)e[i.name]=i.value;return e}function Oo(t){var e;return(e=hn(t))!=null?e:Ue(t,"media-controller")}function hn(t){var e;let{MEDIA_CONTROLLER:i}=k,r=t.getAttribute(i);if(r)return(e=mn(t))==null?void 0:e.getElementById(r)}var fe=(t,e)=>!t||!e?!1:t?.contains(e)?!0:fe(t,e.getRootNode().host),Ue=(t,e)=>{if(!t)return null;let i=t.closest(e);return i||Ue(t.getRootNode().host,e)};function Kr(t=document){var e;let i=t?.activeElement;return i?(e=Kr(i.shadowRoot))!=null?e:i:null}function mn(t){var e;let i=(e=t?.getRootNode)==null?void 0:e.call(t);return i instanceof ShadowRoot||i instanceof Document?i:null}function Li(t,{depth:e=3,checkOpacity:i=!0,checkVisibilityCSS:r=!0}={}){if(t.checkVisibility)return t.checkVisibility({checkOpacity:i,checkVisibilityCSS:r});let a=t;for(;a&&e>0;){let o=getComputedStyle(a);if(i&&o.opacity==="0"||r&&o.visibility==="hidden"||o.display==="none")return!1;a=a.parentElement,e--}return!0}function Uo(t,e,i,r){let a=r.x-i.x,o=r.y-i.y,n=a*a+o*o;if(n===0)return 0;let d=((t-i.x)*a+(e-i.y)*o)/n;return Math.max(0,Math.min(1,d))}function C(t,e){let i=pn(t,r=>r===e);return i||Gr(t,e)}function pn(t,e){var i,r;let a;for(a of(i=Hr(t))!=null?i:[]){let o;try{o=(r=a.sheet)==null?void 0:r.cssRules}catch{continue}for(let n of o??[])if(e(n.selectorText))return n}}function Gr(t,e){var i,r;let a=(i=Hr(t))!=null?i:[],o=a?.[a.length-1];if(!o?.sheet)return console.warn("Media Chrome: No style sheet found on style tag of",t),{style:{setProperty:()=>{},removeProperty:()=>"",getPropertyValue:()=>""}};let n=o?.sheet.insertRule(`${e}{}`,o.sheet.cssRules.length);return(r=o.sheet.cssRules)==null?void 0:r[n]}function K(t,e,i=Number.NaN){let r=t.getAttribute(e);return r!=null?+r:i}function G(t,e,i){let r=+i;if(i==null||Number.isNaN(r)){t.hasAttribute(e)&&t.removeAttribute(e);return}K(t,e,void 0)!==r&&t.setAttribute(e,`${r}`)}function A(t,e){return t.hasAttribute(e)}function T(t,e,i){if(i==null){t.hasAttribute(e)&&t.removeAttribute(e);return}A(t,e)!=i&&t.toggleAttribute(e,i)}function R(t,e,i=null){var r;return(r=t.getAttribute(e))!=null?r:i}function L(t,e,i){if(i==null){t.hasAttribute(e)&&t.removeAttribute(e);return}let r=`${i}`;R(t,e,void 0)!==r&&t.setAttribute(e,r)}var xo=(t,e,i)=>{if(!e.has(t))throw TypeError("Cannot "+i)},ue=(t,e,i)=>(xo(t,e,"read from private field"),i?i.call(t):e.get(t)),En=(t,e,i)=>{if(e.has(t))throw TypeError("Cannot add the same private member more than once");e instanceof WeakSet?e.add(t):e.set(t,i)},Di=(t,e,i,r)=>(xo(t,e,"write to private field"),r?r.call(t,i):e.set(t,i),i),Q;function vn(t){return`
    <style>
      :host {
        display: var(--media-control-display, var(--media-gesture-receiver-display, inline-block));
        box-sizing: border-box;
      }
    </style>
  `}var ht=class extends l.HTMLElement{constructor(){if(super(),En(this,Q,void 0),!this.shadowRoot){this.attachShadow(this.constructor.shadowRootOptions);let e=H(this.attributes);F(this.shadowRoot,this.constructor.getTemplateHTML(e))}}static get observedAttributes(){return[k.MEDIA_CONTROLLER,s.MEDIA_PAUSED]}attributeChangedCallback(e,i,r){var a,o,n,d,u;e===k.MEDIA_CONTROLLER&&(i&&((o=(a=ue(this,Q))==null?void 0:a.unassociateElement)==null||o.call(a,this),Di(this,Q,null)),r&&this.isConnected&&(Di(this,Q,(n=this.getRootNode())==null?void 0:n.getElementById(r)),(u=(d=ue(this,Q))==null?void 0:d.associateElement)==null||u.call(d,this)))}connectedCallback(){var e,i;this.tabIndex=-1,this.setAttribute("aria-hidden","true"),Di(this,Q,fn(this)),this.getAttribute(k.MEDIA_CONTROLLER)&&((i=(e=ue(this,Q))==null?void 0:e.associateElement)==null||i.call(e,this)),ue(this,Q)&&(ue(this,Q).addEventListener("pointerdown",this),ue(this,Q).addEventListener("click",this),ue(this,Q).hasAttribute("tabindex")||(ue(this,Q).tabIndex=0))}disconnectedCallback(){var e,i,r,a;this.getAttribute(k.MEDIA_CONTROLLER)&&((i=(e=ue(this,Q))==null?void 0:e.unassociateElement)==null||i.call(e,this)),(r=ue(this,Q))==null||r.removeEventListener("pointerdown",this),(a=ue(this,Q))==null||a.removeEventListener("click",this),Di(this,Q,null)}handleEvent(e){var i;let r=(i=e.composedPath())==null?void 0:i[0];if(["video","media-controller"].includes(r?.localName)){if(e.type==="pointerdown")this._pointerType=e.pointerType;else if(e.type==="click"){let{clientX:o,clientY:n}=e,{left:d,top:u,width:I,height:S}=this.getBoundingClientRect(),g=o-d,v=n-u;if(g<0||v<0||g>I||v>S||I===0&&S===0)return;let h=this._pointerType||"mouse";if(this._pointerType=void 0,h===ki.TOUCH){this.handleTap(e);return}else if(h===ki.MOUSE||h===ki.PEN){this.handleMouseClick(e);return}}}}get mediaPaused(){return A(this,s.MEDIA_PAUSED)}set mediaPaused(e){T(this,s.MEDIA_PAUSED,e)}handleTap(e){}handleMouseClick(e){let i=this.mediaPaused?m.MEDIA_PLAY_REQUEST:m.MEDIA_PAUSE_REQUEST;this.dispatchEvent(new l.CustomEvent(i,{composed:!0,bubbles:!0}))}};Q=new WeakMap;ht.shadowRootOptions={mode:"open"};ht.getTemplateHTML=vn;function fn(t){var e;let i=t.getAttribute(k.MEDIA_CONTROLLER);return i?(e=t.getRootNode())==null?void 0:e.getElementById(i):Ue(t,"media-controller")}l.customElements.get("media-gesture-receiver")||l.customElements.define("media-gesture-receiver",ht);var qr=ht;var Po={"Start airplay":"Start airplay","Stop airplay":"Stop airplay",Audio:"Audio",Captions:"Captions","Enable captions":"Enable captions","Disable captions":"Disable captions","Start casting":"Start casting","Stop casting":"Stop casting","Enter fullscreen mode":"Enter fullscreen mode","Exit fullscreen mode":"Exit fullscreen mode",Mute:"Mute",Unmute:"Unmute",Loop:"Loop","Enter picture in picture mode":"Enter picture in picture mode","Exit picture in picture mode":"Exit picture in picture mode",Play:"Play",Pause:"Pause","Playback rate":"Playback rate","Playback rate {playbackRate}":"Playback rate {playbackRate}",Quality:"Quality","Seek backward":"Seek backward","Seek forward":"Seek forward",Settings:"Settings",Auto:"Auto","audio player":"audio player","video player":"video player",volume:"volume",seek:"seek","closed captions":"closed captions","current playback rate":"current playback rate","playback time":"playback time","media loading":"media loading",settings:"settings","audio tracks":"audio tracks",quality:"quality",play:"play",pause:"pause",mute:"mute",unmute:"unmute","chapter: {chapterName}":"chapter: {chapterName}",live:"live",Off:"Off","start airplay":"start airplay","stop airplay":"stop airplay","start casting":"start casting","stop casting":"stop casting","enter fullscreen mode":"enter fullscreen mode","exit fullscreen mode":"exit fullscreen mode","enter picture in picture mode":"enter picture in picture mode","exit picture in picture mode":"exit picture in picture mode","seek to live":"seek to live","playing live":"playing live","seek back {seekOffset} seconds":"seek back {seekOffset} seconds","seek forward {seekOffset} seconds":"seek forward {seekOffset} seconds","Network Error":"Network Error","Decode Error":"Decode Error","Source Not Supported":"Source Not Supported","Encryption Error":"Encryption Error","A network error caused the media download to fail.":"A network error caused the media download to fail.","A media error caused playback to be aborted. The media could be corrupt or your browser does not support this format.":"A media error caused playback to be aborted. The media could be corrupt or your browser does not support this format.","An unsupported error occurred. The server or network failed, or your browser does not support this format.":"An unsupported error occurred. The server or network failed, or your browser does not support this format.","The media is encrypted and there are no keys to decrypt it.":"The media is encrypted and there are no keys to decrypt it.",hour:"hour",hours:"hours",minute:"minute",minutes:"minutes",second:"second",seconds:"seconds","{time} remaining":"{time} remaining","{currentTime} of {totalTime}":"{currentTime} of {totalTime}","video not loaded, unknown time.":"video not loaded, unknown time."};var No,mt={en:Po},pt=((No=globalThis.navigator)==null?void 0:No.language)||"en",Yr=t=>{pt=t},Fo=(t,e)=>{mt[t]=e},_n=t=>{var e,i,r;let[a]=pt.split("-");return((e=mt[pt])==null?void 0:e[t])||((i=mt[a])==null?void 0:i[t])||((r=mt.en)==null?void 0:r[t])||t},Bo=()=>{let[t]=pt.split("-");return mt[pt]?pt:mt[t]?t:"en"},y=(t,e={})=>_n(t).replace(/\{(\w+)\}/g,(i,r)=>r in e?String(e[r]):`{${r}}`);var Zr=(t,e,i)=>{if(!e.has(t))throw TypeError("Cannot "+i)},P=(t,e,i)=>(Zr(t,e,"read from private field"),i?i.call(t):e.get(t)),Z=(t,e,i)=>{if(e.has(t))throw TypeError("Cannot add the same private member more than once");e instanceof WeakSet?e.add(t):e.set(t,i)},ce=(t,e,i,r)=>(Zr(t,e,"write to private field"),r?r.call(t,i):e.set(t,i),i),he=(t,e,i)=>(Zr(t,e,"access private method"),i),qt,Oi,Et,_t,ft,Qr,vt,Ri,zr,Ho,Xr,Wo,Yt,Ui,xi,Jr,gt,Qt,xe,Ci,f={AUDIO:"audio",AUTOHIDE:"autohide",BREAKPOINTS:"breakpoints",GESTURES_DISABLED:"gesturesdisabled",KEYBOARD_CONTROL:"keyboardcontrol",NO_AUTOHIDE:"noautohide",USER_INACTIVE:"userinactive",AUTOHIDE_OVER_CONTROLS:"autohideovercontrols"};function gn(t){return`
    <style>
      
      :host([${s.MEDIA_IS_FULLSCREEN}]) ::slotted([slot=media]) {
        outline: none;
      }

      :host {
        box-sizing: border-box;
        position: relative;
        display: inline-block;
        line-height: 0;
        background-color: var(--media-background-color, #000);
        overflow: hidden;
      }

      :host(:not([${f.AUDIO}])) [part~=layer]:not([part~=media-layer]) {
        position: absolute;
        top: 0;
        left: 0;
        bottom: 0;
        right: 0;
        display: flex;
        flex-flow: column nowrap;
        align-items: start;
        pointer-events: none;
        background: none;
      }

      slot[name=media] {
        display: var(--media-slot-display, contents);
      }

      
      :host([${f.AUDIO}]) slot[name=media] {
        display: var(--media-slot-display, none);
      }

      
      :host([${f.AUDIO}]) [part~=layer][part~=gesture-layer] {
        height: 0;
        display: block;
      }

      
      :host(:not([${f.AUDIO}])[${f.GESTURES_DISABLED}]) ::slotted([slot=gestures-chrome]),
          :host(:not([${f.AUDIO}])[${f.GESTURES_DISABLED}]) media-gesture-receiver[slot=gestures-chrome] {
        display: none;
      }

      
      ::slotted(:not([slot=media]):not([slot=poster]):not(media-loading-indicator):not([role=dialog]):not([hidden])) {
        pointer-events: auto;
      }

      :host(:not([${f.AUDIO}])) *[part~=layer][part~=centered-layer] {
        align-items: center;
        justify-content: center;
      }

      :host(:not([${f.AUDIO}])) ::slotted(media-gesture-receiver[slot=gestures-chrome]),
      :host(:not([${f.AUDIO}])) media-gesture-receiver[slot=gestures-chrome] {
        align-self: stretch;
        flex-grow: 1;
      }

      slot[name=middle-chrome] {
        display: inline;
        flex-grow: 1;
        pointer-events: none;
        background: none;
      }

      
      ::slotted([slot=media]),
      ::slotted([slot=poster]) {
        width: 100%;
        height: 100%;
      }

      
      :host(:not([${f.AUDIO}])) .spacer {
        flex-grow: 1;
      }

      
      :host(:-webkit-full-screen) {
        
        width: 100% !important;
        height: 100% !important;
      }

      
      ::slotted(:not([slot=media]):not([slot=poster]):not([${f.NO_AUTOHIDE}]):not([hidden]):not([role=dialog])) {
        opacity: 1;
        transition: var(--media-control-transition-in, opacity 0.25s);
      }

      
      :host([${f.USER_INACTIVE}]:not([${s.MEDIA_PAUSED}]):not([${s.MEDIA_IS_AIRPLAYING}]):not([${s.MEDIA_IS_CASTING}]):not([${f.AUDIO}])) ::slotted(:not([slot=media]):not([slot=poster]):not([${f.NO_AUTOHIDE}]):not([role=dialog])) {
        opacity: 0;
        transition: var(--media-control-transition-out, opacity 1s);
      }

      :host([${f.USER_INACTIVE}]:not([${f.NO_AUTOHIDE}]):not([${s.MEDIA_PAUSED}]):not([${s.MEDIA_IS_CASTING}]):not([${f.AUDIO}])) ::slotted([slot=media]) {
        cursor: none;
      }

      :host([${f.USER_INACTIVE}][${f.AUTOHIDE_OVER_CONTROLS}]:not([${f.NO_AUTOHIDE}]):not([${s.MEDIA_PAUSED}]):not([${s.MEDIA_IS_CASTING}]):not([${f.AUDIO}])) * {
        --media-cursor: none;
        cursor: none;
      }


      ::slotted(media-control-bar)  {
        align-self: stretch;
      }

      
      
      :host(:not([${f.AUDIO}])[${s.MEDIA_HAS_PLAYED}]) slot[name=poster],
      :host(:not([${f.AUDIO}])[${s.MEDIA_STREAM_TYPE}="${ie.ON_DEMAND}"][${s.MEDIA_CURRENT_TIME}]:not([${s.MEDIA_CURRENT_TIME}="0"])) slot[name=poster] {
        display: none;
      }

      ::slotted([role=dialog]) {
        width: 100%;
        height: 100%;
        align-self: center;
      }

      ::slotted([role=menu]) {
        align-self: end;
      }
    </style>

    <slot name="media" part="layer media-layer"></slot>
    <slot name="poster" part="layer poster-layer"></slot>
    <slot name="gestures-chrome" part="layer gesture-layer">
      <media-gesture-receiver slot="gestures-chrome">
        <template shadowrootmode="${qr.shadowRootOptions.mode}">
          ${qr.getTemplateHTML({})}
        </template>
      </media-gesture-receiver>
    </slot>
    <span part="layer vertical-layer">
      <slot name="top-chrome" part="top chrome"></slot>
      <slot name="middle-chrome" part="middle chrome"></slot>
      <slot name="centered-chrome" part="layer centered-layer center centered chrome"></slot>
      
      <slot part="bottom chrome"></slot>
    </span>
    <slot name="dialog" part="layer dialog-layer"></slot>
  `}var bn=Object.values(s),An="sm:384 md:576 lg:768 xl:960";function Tn(t){$o(t.target,t.contentRect.width)}function $o(t,e){var i;if(!t.isConnected)return;let r=(i=t.getAttribute(f.BREAKPOINTS))!=null?i:An,a=Sn(r),o=yn(a,e),n=!1;if(Object.keys(a).forEach(d=>{if(o.includes(d)){t.hasAttribute(`breakpoint${d}`)||(t.setAttribute(`breakpoint${d}`,""),n=!0);return}t.hasAttribute(`breakpoint${d}`)&&(t.removeAttribute(`breakpoint${d}`),n=!0)}),n){let d=new CustomEvent(Qe.BREAKPOINTS_CHANGE,{detail:o});t.dispatchEvent(d)}t.breakpointsComputed||(t.breakpointsComputed=!0,t.dispatchEvent(new CustomEvent(Qe.BREAKPOINTS_COMPUTED,{bubbles:!0,composed:!0})))}function Sn(t){let e=t.split(/\s+/);return Object.fromEntries(e.map(i=>i.split(":")))}function yn(t,e){return Object.keys(t).filter(i=>e>=parseInt(t[i]))}var ze=class extends l.HTMLElement{constructor(){if(super(),Z(this,zr),Z(this,Xr),Z(this,Yt),Z(this,xi),Z(this,gt),Z(this,qt,void 0),Z(this,Oi,0),Z(this,Et,null),Z(this,_t,null),Z(this,ft,void 0),this.breakpointsComputed=!1,Z(this,Qr,e=>{let i=this.media;for(let r of e){if(r.type!=="childList")continue;let a=r.removedNodes;for(let o of a){if(o.slot!="media"||r.target!=this)continue;let n=r.previousSibling&&r.previousSibling.previousElementSibling;if(!n||!i)this.mediaUnsetCallback(o);else{let d=n.slot!=="media";for(;(n=n.previousSibling)!==null;)n.slot=="media"&&(d=!1);d&&this.mediaUnsetCallback(o)}}if(i)for(let o of r.addedNodes)o===i&&this.handleMediaUpdated(i)}}),Z(this,vt,!1),Z(this,Ri,e=>{P(this,vt)||(setTimeout(()=>{Tn(e),ce(this,vt,!1)},0),ce(this,vt,!0))}),Z(this,xe,void 0),Z(this,Ci,()=>{if(!P(this,xe).assignedElements({flatten:!0}).length){P(this,Et)&&this.mediaUnsetCallback(P(this,Et));return}this.handleMediaUpdated(this.media)}),!this.shadowRoot){this.attachShadow(this.constructor.shadowRootOptions);let e=H(this.attributes),i=this.constructor.getTemplateHTML(e);F(this.shadowRoot,i)}ce(this,qt,new MutationObserver(P(this,Qr)))}static get observedAttributes(){return[f.AUTOHIDE,f.GESTURES_DISABLED].concat(bn).filter(e=>![s.MEDIA_RENDITION_LIST,s.MEDIA_AUDIO_TRACK_LIST,s.MEDIA_CHAPTERS_CUES,s.MEDIA_WIDTH,s.MEDIA_HEIGHT,s.MEDIA_ERROR,s.MEDIA_ERROR_MESSAGE].includes(e))}attributeChangedCallback(e,i,r){e.toLowerCase()==f.AUTOHIDE&&(this.autohide=r)}get media(){let e=this.querySelector(":scope > [slot=media]");return e?.nodeName=="SLOT"&&(e=e.assignedElements({flatten:!0})[0]),e}async handleMediaUpdated(e){e&&(ce(this,Et,e),e.localName.includes("-")&&await l.customElements.whenDefined(e.localName),this.mediaSetCallback(e))}connectedCallback(){var e;P(this,qt).observe(this,{childList:!0,subtree:!0}),wi(this,P(this,Ri));let r=this.getAttribute(f.AUDIO)!=null?y("audio player"):y("video player");this.setAttribute("role","region"),this.setAttribute("aria-label",r),this.handleMediaUpdated(this.media),this.setAttribute(f.USER_INACTIVE,""),$o(this,this.getBoundingClientRect().width);let a=this.querySelector(":scope > slot[slot=media]");a&&(ce(this,xe,a),P(this,xe).addEventListener("slotchange",P(this,Ci))),this.addEventListener("pointerdown",this),this.addEventListener("pointermove",this),this.addEventListener("pointerup",this),this.addEventListener("mouseleave",this),this.addEventListener("keyup",this),(e=l.window)==null||e.addEventListener("mouseup",this)}disconnectedCallback(){var e;Mi(this,P(this,Ri)),clearTimeout(P(this,_t)),P(this,qt).disconnect(),this.media&&this.mediaUnsetCallback(this.media),(e=l.window)==null||e.removeEventListener("mouseup",this),this.removeEventListener("pointerdown",this),this.removeEventListener("pointermove",this),this.removeEventListener("pointerup",this),this.removeEventListener("mouseleave",this),this.removeEventListener("keyup",this),P(this,xe)&&(P(this,xe).removeEventListener("slotchange",P(this,Ci)),ce(this,xe,null)),ce(this,vt,!1)}mediaSetCallback(e){}mediaUnsetCallback(e){ce(this,Et,null)}handleEvent(e){switch(e.type){case"pointerdown":ce(this,Oi,e.timeStamp);break;case"pointermove":he(this,zr,Ho).call(this,e);break;case"pointerup":he(this,Xr,Wo).call(this,e);break;case"mouseleave":he(this,Yt,Ui).call(this);break;case"mouseup":this.removeAttribute(f.KEYBOARD_CONTROL);break;case"keyup":he(this,gt,Qt).call(this),this.setAttribute(f.KEYBOARD_CONTROL,"");break}}set autohide(e){let i=Number(e);ce(this,ft,isNaN(i)?0:i)}get autohide(){return(P(this,ft)===void 0?2:P(this,ft)).toString()}get breakpoints(){return R(this,f.BREAKPOINTS)}set breakpoints(e){L(this,f.BREAKPOINTS,e)}get audio(){return A(this,f.AUDIO)}set audio(e){T(this,f.AUDIO,e)}get gesturesDisabled(){return A(this,f.GESTURES_DISABLED)}set gesturesDisabled(e){T(this,f.GESTURES_DISABLED,e)}get keyboardControl(){return A(this,f.KEYBOARD_CONTROL)}set keyboardControl(e){T(this,f.KEYBOARD_CONTROL,e)}get noAutohide(){return A(this,f.NO_AUTOHIDE)}set noAutohide(e){T(this,f.NO_AUTOHIDE,e)}get autohideOverControls(){return A(this,f.AUTOHIDE_OVER_CONTROLS)}set autohideOverControls(e){T(this,f.AUTOHIDE_OVER_CONTROLS,e)}get userInteractive(){return A(this,f.USER_INACTIVE)}set userInteractive(e){T(this,f.USER_INACTIVE,e)}};qt=new WeakMap;Oi=new WeakMap;Et=new WeakMap;_t=new WeakMap;ft=new WeakMap;Qr=new WeakMap;vt=new WeakMap;Ri=new WeakMap;zr=new WeakSet;Ho=function(t){if(t.pointerType!=="mouse"&&t.timeStamp-P(this,Oi)<250)return;he(this,xi,Jr).call(this),clearTimeout(P(this,_t));let e=this.hasAttribute(f.AUTOHIDE_OVER_CONTROLS);([this,this.media].includes(t.target)||e)&&he(this,gt,Qt).call(this)};Xr=new WeakSet;Wo=function(t){if(t.pointerType==="touch"){let e=!this.hasAttribute(f.USER_INACTIVE);[this,this.media].includes(t.target)&&e?he(this,Yt,Ui).call(this):he(this,gt,Qt).call(this)}else t.composedPath().some(e=>["media-play-button","media-fullscreen-button"].includes(e?.localName))&&he(this,gt,Qt).call(this)};Yt=new WeakSet;Ui=function(){if(P(this,ft)<0||this.hasAttribute(f.USER_INACTIVE))return;this.setAttribute(f.USER_INACTIVE,"");let t=new l.CustomEvent(Qe.USER_INACTIVE_CHANGE,{composed:!0,bubbles:!0,detail:!0});this.dispatchEvent(t)};xi=new WeakSet;Jr=function(){if(!this.hasAttribute(f.USER_INACTIVE))return;this.removeAttribute(f.USER_INACTIVE);let t=new l.CustomEvent(Qe.USER_INACTIVE_CHANGE,{composed:!0,bubbles:!0,detail:!1});this.dispatchEvent(t)};gt=new WeakSet;Qt=function(){he(this,xi,Jr).call(this),clearTimeout(P(this,_t));let t=parseInt(this.autohide);t<0||ce(this,_t,setTimeout(()=>{he(this,Yt,Ui).call(this)},t*1e3))};xe=new WeakMap;Ci=new WeakMap;ze.shadowRootOptions={mode:"open"};ze.getTemplateHTML=gn;l.customElements.get("media-container")||l.customElements.define("media-container",ze);var oa=(t,e,i)=>{if(!e.has(t))throw TypeError("Cannot "+i)},Ze=(t,e,i)=>(oa(t,e,"read from private field"),i?i.call(t):e.get(t)),De=(t,e,i)=>{if(e.has(t))throw TypeError("Cannot add the same private member more than once");e instanceof WeakSet?e.add(t):e.set(t,i)},sa=(t,e,i,r)=>(oa(t,e,"write to private field"),r?r.call(t,i):e.set(t,i),i),Xe=(t,e,i)=>(oa(t,e,"access private method"),i),Ni,Xt,Je,Pi,jr,ea,Vo,ta,Ko,ia,Go,ra,qo,aa,Yo;function In(t){return`
    <style>
      :host {
        font: var(--media-font,
          var(--media-font-weight, normal)
          var(--media-font-size, 14px) /
          var(--media-text-content-height, var(--media-control-height, 24px))
          var(--media-font-family, helvetica neue, segoe ui, roboto, arial, sans-serif));
        color: var(--media-text-color, var(--media-primary-color, rgb(238 238 238)));
        display: var(--media-dialog-display, inline-flex);
        justify-content: center;
        align-items: center;
        
        transition-behavior: allow-discrete;
        visibility: hidden;
        opacity: 0;
        transform: translateY(2px) scale(.99);
        pointer-events: none;
      }

      :host([open]) {
        transition: display .2s, visibility 0s, opacity .2s ease-out, transform .15s ease-out;
        visibility: visible;
        opacity: 1;
        transform: translateY(0) scale(1);
        pointer-events: auto;
      }

      #content {
        display: flex;
        position: relative;
        box-sizing: border-box;
        width: min(320px, 100%);
        word-wrap: break-word;
        max-height: 100%;
        overflow: auto;
        text-align: center;
        line-height: 1.4;
      }
    </style>
    ${this.getSlotTemplateHTML(t)}
  `}function kn(t){return`
    <slot id="content"></slot>
  `}var zt={OPEN:"open",ANCHOR:"anchor"},Pe=class extends l.HTMLElement{constructor(){super(),De(this,Pi),De(this,ea),De(this,ta),De(this,ia),De(this,ra),De(this,aa),De(this,Ni,!1),De(this,Xt,null),De(this,Je,null)}static get observedAttributes(){return[zt.OPEN,zt.ANCHOR]}get open(){return A(this,zt.OPEN)}set open(e){T(this,zt.OPEN,e)}handleEvent(e){switch(e.type){case"invoke":Xe(this,ia,Go).call(this,e);break;case"focusout":Xe(this,ra,qo).call(this,e);break;case"keydown":Xe(this,aa,Yo).call(this,e);break}}connectedCallback(){Xe(this,Pi,jr).call(this),this.role||(this.role="dialog"),this.addEventListener("invoke",this),this.addEventListener("focusout",this),this.addEventListener("keydown",this)}disconnectedCallback(){this.removeEventListener("invoke",this),this.removeEventListener("focusout",this),this.removeEventListener("keydown",this)}attributeChangedCallback(e,i,r){Xe(this,Pi,jr).call(this),e===zt.OPEN&&r!==i&&(this.open?Xe(this,ea,Vo).call(this):Xe(this,ta,Ko).call(this))}focus(){sa(this,Xt,Kr());let e=!this.dispatchEvent(new Event("focus",{composed:!0,cancelable:!0})),i=!this.dispatchEvent(new Event("focusin",{composed:!0,bubbles:!0,cancelable:!0}));if(e||i)return;let r=this.querySelector('[autofocus], [tabindex]:not([tabindex="-1"]), [role="menu"]');r?.focus()}get keysUsed(){return["Escape","Tab"]}};Ni=new WeakMap;Xt=new WeakMap;Je=new WeakMap;Pi=new WeakSet;jr=function(){if(!Ze(this,Ni)&&(sa(this,Ni,!0),!this.shadowRoot)){this.attachShadow(this.constructor.shadowRootOptions);let t=H(this.attributes);F(this.shadowRoot,this.constructor.getTemplateHTML(t)),queueMicrotask(()=>{let{style:e}=C(this.shadowRoot,":host");e.setProperty("transition","display .15s, visibility .15s, opacity .15s ease-in, transform .15s ease-in")})}};ea=new WeakSet;Vo=function(){var t;(t=Ze(this,Je))==null||t.setAttribute("aria-expanded","true"),this.dispatchEvent(new Event("open",{composed:!0,bubbles:!0})),this.addEventListener("transitionend",()=>this.focus(),{once:!0})};ta=new WeakSet;Ko=function(){var t;(t=Ze(this,Je))==null||t.setAttribute("aria-expanded","false"),this.dispatchEvent(new Event("close",{composed:!0,bubbles:!0}))};ia=new WeakSet;Go=function(t){sa(this,Je,t.relatedTarget),fe(this,t.relatedTarget)||(this.open=!this.open)};ra=new WeakSet;qo=function(t){var e;fe(this,t.relatedTarget)||((e=Ze(this,Xt))==null||e.focus(),Ze(this,Je)&&Ze(this,Je)!==t.relatedTarget&&this.open&&(this.open=!1))};aa=new WeakSet;Yo=function(t){var e,i,r,a,o;let{key:n,ctrlKey:d,altKey:u,metaKey:I}=t;d||u||I||this.keysUsed.includes(n)&&(t.preventDefault(),t.stopPropagation(),n==="Tab"?(t.shiftKey?(i=(e=this.previousElementSibling)==null?void 0:e.focus)==null||i.call(e):(a=(r=this.nextElementSibling)==null?void 0:r.focus)==null||a.call(r),this.blur()):n==="Escape"&&((o=Ze(this,Xt))==null||o.focus(),this.open=!1))};Pe.shadowRootOptions={mode:"open"};Pe.getTemplateHTML=In;Pe.getSlotTemplateHTML=kn;l.customElements.get("media-chrome-dialog")||l.customElements.define("media-chrome-dialog",Pe);var wn=(t,e,i)=>{if(!e.has(t))throw TypeError("Cannot "+i)},Ne=(t,e,i)=>(wn(t,e,"read from private field"),i?i.call(t):e.get(t)),Qo=(t,e,i)=>{if(e.has(t))throw TypeError("Cannot add the same private member more than once");e instanceof WeakSet?e.add(t):e.set(t,i)},bt,At,Zt={HOTKEYS:"hotkeys"},Mn=[{keys:[{key:" ",label:"Space"},{key:"k"}],description:"Toggle Playback"},{keys:[{key:"m"}],description:"Toggle mute"},{keys:[{key:"f"}],description:"Toggle fullscreen"},{keys:[{key:"c"}],description:"Toggle captions or subtitles, if available"},{keys:[{key:"p"}],description:"Toggle Picture in Picture"},{keys:[{key:"ArrowLeft",label:"\u2190"},{key:"j"}],description:"Seek back 10s"},{keys:[{key:"ArrowRight",label:"\u2192"},{key:"l"}],description:"Seek forward 10s"},{keys:[{key:"ArrowUp",label:"\u2191"}],description:"Turn volume up"},{keys:[{key:"ArrowDown",label:"\u2193"}],description:"Turn volume down"},{keys:[{key:"<",label:"< (SHIFT+,)"}],description:"Decrease playback rate"},{keys:[{key:">",label:"> (SHIFT+.)"}],description:"Increase playback rate"},{keys:[{key:"shift+/",label:"SHIFT+/"}],description:"Show keyboard shortcuts"}];function Bi(t){return t===" "?"nospace":`no${t.toLowerCase()}`}function Ln(t){let e=new Set(t?.split(/\s+/));return Mn.map(({keys:i,description:r})=>({keys:i.filter(({key:a})=>!e.has(Bi(a))),description:r})).filter(({keys:i})=>i.length)}function Dn(t){return`
    <style>
      :host {
        position: fixed;
        top: 0;
        left: 0;
        z-index: 9999;
        background: rgb(20 20 30 / .8);
        backdrop-filter: blur(10px);
      }

      #content {
        display: block;
        width: clamp(400px, 40vw, 700px);
        max-width: 90vw;
        text-align: left;
      }

      h2 {
        margin: 0 0 1.5rem 0;
        font-size: 1.5rem;
        font-weight: 500;
        text-align: center;
      }

      .shortcuts-table {
        width: 100%;
        border-collapse: collapse;
      }

      .shortcuts-table tr {
        border-bottom: 1px solid rgba(255, 255, 255, 0.1);
      }

      .shortcuts-table tr:last-child {
        border-bottom: none;
      }

      .shortcuts-table td {
        padding: 0.75rem 0.5rem;
      }

      .shortcuts-table td:first-child {
        text-align: right;
        padding-right: 1rem;
        width: 40%;
        min-width: 120px;
      }

      .shortcuts-table td:last-child {
        padding-left: 1rem;
      }

      .key {
        display: inline-block;
        background: rgba(255, 255, 255, 0.15);
        border: 1px solid rgba(255, 255, 255, 0.2);
        border-radius: 4px;
        padding: 0.25rem 0.5rem;
        font-family: 'Courier New', monospace;
        font-size: 0.9rem;
        font-weight: 500;
        min-width: 1.5rem;
        text-align: center;
        margin: 0 0.2rem;
      }

      .description {
        color: rgba(255, 255, 255, 0.9);
        font-size: 0.95rem;
      }

      .key-combo {
        display: flex;
        align-items: center;
        justify-content: flex-end;
        gap: 0.3rem;
      }

      .key-separator {
        color: rgba(255, 255, 255, 0.5);
        font-size: 0.9rem;
      }
    </style>
    <slot id="content">
      ${zo(t[Zt.HOTKEYS])}
    </slot>
  `}function zo(t){return`
    <h2>Keyboard Shortcuts</h2>
    <table class="shortcuts-table">${Ln(t).map(({keys:i,description:r})=>`
        <tr>
          <td>
            <div class="key-combo">${i.map(({key:o,label:n=o},d)=>d>0?`<span class="key-separator">or</span><span class="key">${n}</span>`:`<span class="key">${n}</span>`).join("")}</div>
          </td>
          <td class="description">${r}</td>
        </tr>
      `).join("")}</table>
  `}var Fi=class extends Pe{constructor(){super(...arguments),Qo(this,bt,e=>{var i;if(!this.open)return;let r=(i=this.shadowRoot)==null?void 0:i.querySelector("#content");if(!r)return;let a=e.composedPath(),o=a[0]===this||a.includes(this),n=a.includes(r);o&&!n&&(this.open=!1)}),Qo(this,At,e=>{if(!this.open)return;let i=e.shiftKey&&(e.key==="/"||e.key==="?");(e.key==="Escape"||i)&&!e.ctrlKey&&!e.altKey&&!e.metaKey&&(this.open=!1,e.preventDefault(),e.stopPropagation())})}static get observedAttributes(){return[...super.observedAttributes,Zt.HOTKEYS]}get hotkeys(){var e;return(e=R(this,Zt.HOTKEYS))!=null?e:void 0}set hotkeys(e){L(this,Zt.HOTKEYS,e)}connectedCallback(){super.connectedCallback(),this.open&&(this.addEventListener("click",Ne(this,bt)),document.addEventListener("keydown",Ne(this,At)))}disconnectedCallback(){this.removeEventListener("click",Ne(this,bt)),document.removeEventListener("keydown",Ne(this,At))}attributeChangedCallback(e,i,r){var a;if(super.attributeChangedCallback(e,i,r),e==="open")this.open?(this.addEventListener("click",Ne(this,bt)),document.addEventListener("keydown",Ne(this,At))):(this.removeEventListener("click",Ne(this,bt)),document.removeEventListener("keydown",Ne(this,At)));else if(e===Zt.HOTKEYS&&r!==i){let o=(a=this.shadowRoot)==null?void 0:a.querySelector("#content");o&&(o.innerHTML=zo(r))}}};bt=new WeakMap;At=new WeakMap;Fi.getSlotTemplateHTML=Dn;l.customElements.get("media-keyboard-shortcuts-dialog")||l.customElements.define("media-keyboard-shortcuts-dialog",Fi);var Xo=(t,e,i)=>{if(!e.has(t))throw TypeError("Cannot "+i)},q=(t,e,i)=>(Xo(t,e,"read from private field"),i?i.call(t):e.get(t)),Jt=(t,e,i)=>{if(e.has(t))throw TypeError("Cannot add the same private member more than once");e instanceof WeakSet?e.add(t):e.set(t,i)},Hi=(t,e,i,r)=>(Xo(t,e,"write to private field"),r?r.call(t,i):e.set(t,i),i),Tt,St,Wi,je,Re,Fe,yt=class{constructor(e,i,{defaultValue:r}={defaultValue:void 0}){Jt(this,Re),Jt(this,Tt,void 0),Jt(this,St,void 0),Jt(this,Wi,void 0),Jt(this,je,new Set),Hi(this,Tt,e),Hi(this,St,i),Hi(this,Wi,new Set(r))}[Symbol.iterator](){return q(this,Re,Fe).values()}get length(){return q(this,Re,Fe).size}get value(){var e;return(e=[...q(this,Re,Fe)].join(" "))!=null?e:""}set value(e){var i;e!==this.value&&(Hi(this,je,new Set),this.add(...(i=e?.split(" "))!=null?i:[]))}toString(){return this.value}item(e){return[...q(this,Re,Fe)][e]}values(){return q(this,Re,Fe).values()}forEach(e,i){q(this,Re,Fe).forEach(e,i)}add(...e){var i,r;e.forEach(a=>q(this,je).add(a)),!(this.value===""&&!((i=q(this,Tt))!=null&&i.hasAttribute(`${q(this,St)}`)))&&((r=q(this,Tt))==null||r.setAttribute(`${q(this,St)}`,`${this.value}`))}remove(...e){var i;e.forEach(r=>q(this,je).delete(r)),(i=q(this,Tt))==null||i.setAttribute(`${q(this,St)}`,`${this.value}`)}contains(e){return q(this,Re,Fe).has(e)}toggle(e,i){return typeof i<"u"?i?(this.add(e),!0):(this.remove(e),!1):this.contains(e)?(this.remove(e),!1):(this.add(e),!0)}replace(e,i){return this.remove(e),this.add(i),e===i}};Tt=new WeakMap;St=new WeakMap;Wi=new WeakMap;je=new WeakMap;Re=new WeakSet;Fe=function(){return q(this,je).size?q(this,je):q(this,Wi)};function Zo(t){return t?.map(Rn).join(" ")}function Rn(t){if(t){let{id:e,width:i,height:r}=t;return[e,i,r].filter(a=>a!=null).join(":")}}function Jo(t){return t?.map(Cn).join(" ")}function Cn(t){if(t){let{id:e,kind:i,language:r,label:a}=t;return[e,i,r,a].filter(o=>o!=null).join(":")}}function It(t){return typeof t=="number"&&!Number.isNaN(t)&&Number.isFinite(t)}var $i=t=>new Promise(e=>setTimeout(e,t));var On=(t="")=>t.split(/\s+/),jo=(t="")=>{let[e,i,r]=t.split(":"),a=r?decodeURIComponent(r):void 0;return{kind:e==="cc"?j.CAPTIONS:j.SUBTITLES,language:i,label:a}},Un=(t="",e={})=>On(t).map(i=>{let r=jo(i);return{...e,...r}}),na=t=>t?Array.isArray(t)?t.map(e=>typeof e=="string"?jo(e):e):typeof t=="string"?Un(t):[t]:[],xn=({kind:t,label:e,language:i}={kind:"subtitles"})=>e?`${t==="captions"?"cc":"sb"}:${i}:${encodeURIComponent(e)}`:i,la=(t=[])=>Array.prototype.map.call(t,xn).join(" "),Pn=(t,e)=>i=>i[t]===e,es=t=>{let e=Object.entries(t).map(([i,r])=>Pn(i,r));return i=>e.every(r=>r(i))},et=(t,e=[],i=[])=>{let r=na(i).map(es),a=o=>r.some(n=>n(o));Array.from(e).filter(a).forEach(o=>{o.mode=t})},tt=(t,e=()=>!0)=>{if(!t?.textTracks)return[];let i=typeof e=="function"?e:es(e);return Array.from(t.textTracks).filter(i)};var is=t=>{var e;let{media:i,fullscreenElement:r}=t;try{let a=r&&"requestFullscreen"in r?"requestFullscreen":r&&"webkitRequestFullScreen"in r?"webkitRequestFullScreen":void 0;if(a){let o=(e=r[a])==null?void 0:e.call(r);if(o instanceof Promise)return o.catch(()=>{})}else i?.webkitEnterFullscreen?i.webkitEnterFullscreen():i?.requestFullscreen&&i.requestFullscreen()}catch(a){console.error(a)}},ts="exitFullscreen"in B?"exitFullscreen":"webkitExitFullscreen"in B?"webkitExitFullscreen":"webkitCancelFullScreen"in B?"webkitCancelFullScreen":void 0,rs=t=>{var e;let{documentElement:i}=t;if(ts){let r=(e=i?.[ts])==null?void 0:e.call(i);if(r instanceof Promise)return r.catch(()=>{})}},jt="fullscreenElement"in B?"fullscreenElement":"webkitFullscreenElement"in B?"webkitFullscreenElement":void 0,Nn=t=>{let{documentElement:e,media:i}=t,r=e?.[jt];return!r&&"webkitDisplayingFullscreen"in i&&"webkitPresentationMode"in i&&i.webkitDisplayingFullscreen&&i.webkitPresentationMode===Do.FULLSCREEN?i:r},as=t=>{var e;let{media:i,documentElement:r,fullscreenElement:a=i}=t;if(!i||!r)return!1;let o=Nn(t);if(!o)return!1;if(o===a||o===i)return!0;if(o.localName.includes("-")){let n=o.shadowRoot;if(!(jt in n))return fe(o,a);for(;n?.[jt];){if(n[jt]===a)return!0;n=(e=n[jt])==null?void 0:e.shadowRoot}}return!1},Fn="fullscreenEnabled"in B?"fullscreenEnabled":"webkitFullscreenEnabled"in B?"webkitFullscreenEnabled":void 0,os=t=>{let{documentElement:e,media:i}=t;return!!e?.[Fn]||i&&"webkitSupportsFullscreen"in i};var Vi,da=()=>{var t,e;return Vi||(Vi=(e=(t=B)==null?void 0:t.createElement)==null?void 0:e.call(t,"video"),Vi)},ss=async(t=da())=>{if(!t)return!1;let e=t.volume;t.volume=e/2+.1;let i=new AbortController,r=await Promise.race([Bn(t,i.signal),Hn(t,e)]);return i.abort(),r},Bn=(t,e)=>new Promise(i=>{t.addEventListener("volumechange",()=>i(!0),{signal:e})}),Hn=async(t,e)=>{for(let i=0;i<10;i++){if(t.volume===e)return!1;await $i(10)}return t.volume!==e},Wn=/.*Version\/.*Safari\/.*/.test(l.navigator.userAgent),ua=(t=da())=>l.matchMedia("(display-mode: standalone)").matches&&Wn?!1:typeof t?.requestPictureInPicture=="function",ca=(t=da())=>os({documentElement:B,media:t}),ns=ca(),ls=ua(),ds=!!l.WebKitPlaybackTargetAvailabilityEvent,us=!!l.chrome;var kt=t=>tt(t.media,e=>[j.SUBTITLES,j.CAPTIONS].includes(e.kind)).sort((e,i)=>e.kind>=i.kind?1:-1),ha=t=>tt(t.media,e=>e.mode===Oe.SHOWING&&[j.SUBTITLES,j.CAPTIONS].includes(e.kind)),Ki=(t,e)=>{let i=kt(t),r=ha(t),a=!!r.length;if(i.length){if(e===!1||a&&e!==!0)et(Oe.DISABLED,i,r);else if(e===!0||!a&&e!==!1){let o=i[0],{options:n}=t;if(!n?.noSubtitlesLangPref){let S=l.localStorage.getItem("media-chrome-pref-subtitles-lang"),g=S?[S,...l.navigator.languages]:l.navigator.languages,v=i.filter(h=>g.some(_=>h.language.toLowerCase().startsWith(_.split("-")[0]))).sort((h,_)=>{let E=g.findIndex(b=>h.language.toLowerCase().startsWith(b.split("-")[0])),w=g.findIndex(b=>_.language.toLowerCase().startsWith(b.split("-")[0]));return E-w});v[0]&&(o=v[0])}let{language:d,label:u,kind:I}=o;et(Oe.DISABLED,i,r),et(Oe.SHOWING,i,[{language:d,label:u,kind:I}])}}},Gi=(t,e)=>t===e?!0:t==null||e==null||typeof t!=typeof e?!1:typeof t=="number"&&Number.isNaN(t)&&Number.isNaN(e)?!0:typeof t!="object"?!1:Array.isArray(t)?$n(t,e):Object.entries(t).every(([i,r])=>i in e&&Gi(r,e[i])),$n=(t,e)=>{let i=Array.isArray(t),r=Array.isArray(e);return i!==r?!1:i||r?t.length!==e.length?!1:t.every((a,o)=>Gi(a,e[o])):!0};var Vn=Object.values(ie),qi,Kn=ss().then(t=>(qi=t,qi)),cs=async(...t)=>{await Promise.all(t.filter(e=>e).map(async e=>{if(!("localName"in e&&e instanceof l.HTMLElement))return;let i=e.localName;if(!i.includes("-"))return;let r=l.customElements.get(i);r&&e instanceof r||(await l.customElements.whenDefined(i),l.customElements.upgrade(e))}))},Gn=new l.DOMParser,qn=t=>t&&(Gn.parseFromString(t,"text/html").body.textContent||t),wt={mediaError:{get(t,e){let{media:i}=t;if(e?.type!=="playing")return i?.error},mediaEvents:["emptied","error","playing"]},mediaErrorCode:{get(t,e){var i;let{media:r}=t;if(e?.type!=="playing")return(i=r?.error)==null?void 0:i.code},mediaEvents:["emptied","error","playing"]},mediaErrorMessage:{get(t,e){var i,r;let{media:a}=t;if(e?.type!=="playing")return(r=(i=a?.error)==null?void 0:i.message)!=null?r:""},mediaEvents:["emptied","error","playing"]},mediaWidth:{get(t){var e;let{media:i}=t;return(e=i?.videoWidth)!=null?e:0},mediaEvents:["resize"]},mediaHeight:{get(t){var e;let{media:i}=t;return(e=i?.videoHeight)!=null?e:0},mediaEvents:["resize"]},mediaPaused:{get(t){var e;let{media:i}=t;return(e=i?.paused)!=null?e:!0},set(t,e){var i;let{media:r}=e;r&&(t?r.pause():(i=r.play())==null||i.catch(()=>{}))},mediaEvents:["play","playing","pause","emptied"]},mediaHasPlayed:{get(t,e){let{media:i}=t;return i?e?e.type==="playing":!i.paused:!1},mediaEvents:["playing","emptied"]},mediaEnded:{get(t){var e;let{media:i}=t;return(e=i?.ended)!=null?e:!1},mediaEvents:["seeked","ended","emptied"]},mediaPlaybackRate:{get(t){var e;let{media:i}=t;return(e=i?.playbackRate)!=null?e:1},set(t,e){let{media:i}=e;i&&Number.isFinite(+t)&&(i.playbackRate=+t)},mediaEvents:["ratechange","loadstart"]},mediaMuted:{get(t){var e;let{media:i}=t;return(e=i?.muted)!=null?e:!1},set(t,e){let{media:i,options:{noMutedPref:r}={}}=e;if(i){i.muted=t;try{let a=l.localStorage.getItem("media-chrome-pref-muted")!==null,o=i.hasAttribute("muted");if(r){a&&l.localStorage.removeItem("media-chrome-pref-muted");return}if(o&&!a)return;l.localStorage.setItem("media-chrome-pref-muted",t?"true":"false")}catch(a){console.debug("Error setting muted pref",a)}}},mediaEvents:["volumechange"],stateOwnersUpdateHandlers:[(t,e)=>{let{options:{noMutedPref:i}}=e,{media:r}=e;if(!(!r||r.muted||i))try{let a=l.localStorage.getItem("media-chrome-pref-muted")==="true";wt.mediaMuted.set(a,e),t(a)}catch(a){console.debug("Error getting muted pref",a)}}]},mediaLoop:{get(t){let{media:e}=t;return e?.loop},set(t,e){let{media:i}=e;i&&(i.loop=t)},mediaEvents:["medialooprequest"]},mediaVolume:{get(t){var e;let{media:i}=t;return(e=i?.volume)!=null?e:1},set(t,e){let{media:i,options:{noVolumePref:r}={}}=e;if(i){try{t==null?l.localStorage.removeItem("media-chrome-pref-volume"):!i.hasAttribute("muted")&&!r&&l.localStorage.setItem("media-chrome-pref-volume",t.toString())}catch(a){console.debug("Error setting volume pref",a)}Number.isFinite(+t)&&(i.volume=+t)}},mediaEvents:["volumechange"],stateOwnersUpdateHandlers:[(t,e)=>{let{options:{noVolumePref:i}}=e;if(!i)try{let{media:r}=e;if(!r)return;let a=l.localStorage.getItem("media-chrome-pref-volume");if(a==null)return;wt.mediaVolume.set(+a,e),t(+a)}catch(r){console.debug("Error getting volume pref",r)}}]},mediaVolumeLevel:{get(t){let{media:e}=t;return typeof e?.volume>"u"?"high":e.muted||e.volume===0?"off":e.volume<.5?"low":e.volume<.75?"medium":"high"},mediaEvents:["volumechange"]},mediaCurrentTime:{get(t){var e;let{media:i}=t;return(e=i?.currentTime)!=null?e:0},set(t,e){let{media:i}=e;!i||!It(t)||(i.currentTime=t)},mediaEvents:["timeupdate","loadedmetadata","seeking"]},mediaDuration:{get(t){let{media:e,options:{defaultDuration:i}={}}=t;return i&&(!e||!e.duration||Number.isNaN(e.duration)||!Number.isFinite(e.duration))?i:Number.isFinite(e?.duration)?e.duration:Number.NaN},mediaEvents:["durationchange","loadedmetadata","emptied"]},mediaLoading:{get(t){let{media:e}=t;return e?.readyState<3},mediaEvents:["waiting","playing","emptied"]},mediaSeekable:{get(t){var e;let{media:i}=t;if(!((e=i?.seekable)!=null&&e.length))return;let r=i.seekable.start(0),a=i.seekable.end(i.seekable.length-1);if(!(!r&&!a))return[Number(r.toFixed(3)),Number(a.toFixed(3))]},mediaEvents:["loadedmetadata","emptied","progress","seekablechange"]},mediaBuffered:{get(t){var e;let{media:i}=t,r=(e=i?.buffered)!=null?e:[];return Array.from(r).map((a,o)=>[Number(r.start(o).toFixed(3)),Number(r.end(o).toFixed(3))])},mediaEvents:["progress","emptied"]},mediaStreamType:{get(t){let{media:e,options:{defaultStreamType:i}={}}=t,r=[ie.LIVE,ie.ON_DEMAND].includes(i)?i:void 0;if(!e)return r;let{streamType:a}=e;if(Vn.includes(a))return a===ie.UNKNOWN?r:a;let o=e.duration;return o===1/0?ie.LIVE:Number.isFinite(o)?ie.ON_DEMAND:r},mediaEvents:["emptied","durationchange","loadedmetadata","streamtypechange"]},mediaTargetLiveWindow:{get(t){let{media:e}=t;if(!e)return Number.NaN;let{targetLiveWindow:i}=e,r=wt.mediaStreamType.get(t);return(i==null||Number.isNaN(i))&&r===ie.LIVE?0:i},mediaEvents:["emptied","durationchange","loadedmetadata","streamtypechange","targetlivewindowchange"]},mediaTimeIsLive:{get(t){let{media:e,options:{liveEdgeOffset:i=10}={}}=t;if(!e)return!1;if(typeof e.liveEdgeStart=="number")return Number.isNaN(e.liveEdgeStart)?!1:e.currentTime>=e.liveEdgeStart;if(!(wt.mediaStreamType.get(t)===ie.LIVE))return!1;let a=e.seekable;if(!a)return!0;if(!a.length)return!1;let o=a.end(a.length-1)-i;return e.currentTime>=o},mediaEvents:["playing","timeupdate","progress","waiting","emptied"]},mediaSubtitlesList:{get(t){return kt(t).map(({kind:e,label:i,language:r})=>({kind:e,label:i,language:r}))},mediaEvents:["loadstart"],textTracksEvents:["addtrack","removetrack"]},mediaSubtitlesShowing:{get(t){return ha(t).map(({kind:e,label:i,language:r})=>({kind:e,label:i,language:r}))},mediaEvents:["loadstart"],textTracksEvents:["addtrack","removetrack","change"],stateOwnersUpdateHandlers:[(t,e)=>{var i,r;let{media:a,options:o}=e;if(!a)return;let n=d=>{var u;!o.defaultSubtitles||d&&![j.CAPTIONS,j.SUBTITLES].includes((u=d?.track)==null?void 0:u.kind)||Ki(e,!0)};return a.addEventListener("loadstart",n),(i=a.textTracks)==null||i.addEventListener("addtrack",n),(r=a.textTracks)==null||r.addEventListener("removetrack",n),()=>{var d,u;a.removeEventListener("loadstart",n),(d=a.textTracks)==null||d.removeEventListener("addtrack",n),(u=a.textTracks)==null||u.removeEventListener("removetrack",n)}}]},mediaChaptersCues:{get(t){var e;let{media:i}=t;if(!i)return[];let[r]=tt(i,{kind:j.CHAPTERS});return Array.from((e=r?.cues)!=null?e:[]).map(({text:a,startTime:o,endTime:n})=>({text:qn(a),startTime:o,endTime:n}))},mediaEvents:["loadstart","loadedmetadata"],textTracksEvents:["addtrack","removetrack","change"],stateOwnersUpdateHandlers:[(t,e)=>{var i;let{media:r}=e;if(!r)return;let a=r.querySelector('track[kind="chapters"][default][src]'),o=(i=r.shadowRoot)==null?void 0:i.querySelector(':is(video,audio) > track[kind="chapters"][default][src]');return a?.addEventListener("load",t),o?.addEventListener("load",t),()=>{a?.removeEventListener("load",t),o?.removeEventListener("load",t)}}]},mediaIsPip:{get(t){var e,i;let{media:r,documentElement:a}=t;if(!r||!a||!a.pictureInPictureElement)return!1;if(a.pictureInPictureElement===r)return!0;if(a.pictureInPictureElement instanceof HTMLMediaElement)return(e=r.localName)!=null&&e.includes("-")?fe(r,a.pictureInPictureElement):!1;if(a.pictureInPictureElement.localName.includes("-")){let o=a.pictureInPictureElement.shadowRoot;for(;o?.pictureInPictureElement;){if(o.pictureInPictureElement===r)return!0;o=(i=o.pictureInPictureElement)==null?void 0:i.shadowRoot}}return!1},set(t,e){let{media:i}=e;if(i)if(t){if(!B.pictureInPictureEnabled){console.warn("MediaChrome: Picture-in-picture is not enabled");return}if(!i.requestPictureInPicture){console.warn("MediaChrome: The current media does not support picture-in-picture");return}let r=()=>{console.warn("MediaChrome: The media is not ready for picture-in-picture. It must have a readyState > 0.")};i.requestPictureInPicture().catch(a=>{if(a.code===11){if(!i.src){console.warn("MediaChrome: The media is not ready for picture-in-picture. It must have a src set.");return}if(i.readyState===0&&i.preload==="none"){let o=()=>{i.removeEventListener("loadedmetadata",n),i.preload="none"},n=()=>{i.requestPictureInPicture().catch(r),o()};i.addEventListener("loadedmetadata",n),i.preload="metadata",setTimeout(()=>{i.readyState===0&&r(),o()},1e3)}else throw a}else throw a})}else B.pictureInPictureElement&&B.exitPictureInPicture()},mediaEvents:["enterpictureinpicture","leavepictureinpicture"]},mediaRenditionList:{get(t){var e;let{media:i}=t;return[...(e=i?.videoRenditions)!=null?e:[]].map(r=>({...r}))},mediaEvents:["emptied","loadstart"],videoRenditionsEvents:["addrendition","removerendition"]},mediaRenditionSelected:{get(t){var e,i,r;let{media:a}=t;return(r=(i=a?.videoRenditions)==null?void 0:i[(e=a.videoRenditions)==null?void 0:e.selectedIndex])==null?void 0:r.id},set(t,e){let{media:i}=e;if(!i?.videoRenditions){console.warn("MediaController: Rendition selection not supported by this media.");return}let r=t,a=Array.prototype.findIndex.call(i.videoRenditions,o=>o.id==r);i.videoRenditions.selectedIndex!=a&&(i.videoRenditions.selectedIndex=a)},mediaEvents:["emptied"],videoRenditionsEvents:["addrendition","removerendition","change"]},mediaAudioTrackList:{get(t){var e;let{media:i}=t;return[...(e=i?.audioTracks)!=null?e:[]]},mediaEvents:["emptied","loadstart"],audioTracksEvents:["addtrack","removetrack"]},mediaAudioTrackEnabled:{get(t){var e,i;let{media:r}=t;return(i=[...(e=r?.audioTracks)!=null?e:[]].find(a=>a.enabled))==null?void 0:i.id},set(t,e){let{media:i}=e;if(!i?.audioTracks){console.warn("MediaChrome: Audio track selection not supported by this media.");return}let r=t;for(let a of i.audioTracks)a.enabled=r==a.id},mediaEvents:["emptied"],audioTracksEvents:["addtrack","removetrack","change"]},mediaIsFullscreen:{get(t){return as(t)},set(t,e,i){var r,a;t?(is(e),i.detail&&!((r=e.media)!=null&&r.inert)&&((a=e.media)==null||a.focus())):rs(e)},rootEvents:["fullscreenchange","webkitfullscreenchange"],mediaEvents:["webkitbeginfullscreen","webkitendfullscreen","webkitpresentationmodechanged"]},mediaIsCasting:{get(t){var e;let{media:i}=t;return!i?.remote||((e=i.remote)==null?void 0:e.state)==="disconnected"?!1:i.remote.state==="connected"},set(t,e){var i,r;let{media:a}=e;if(a&&!(t&&((i=a.remote)==null?void 0:i.state)!=="disconnected")&&!(!t&&((r=a.remote)==null?void 0:r.state)!=="connected")){if(typeof a.remote.prompt!="function"){console.warn("MediaChrome: Casting is not supported in this environment");return}a.remote.prompt().catch(()=>{})}},remoteEvents:["connect","connecting","disconnect"]},mediaIsAirplaying:{get(){return!1},set(t,e){let{media:i}=e;if(i){if(!(i.webkitShowPlaybackTargetPicker&&l.WebKitPlaybackTargetAvailabilityEvent)){console.error("MediaChrome: received a request to select AirPlay but AirPlay is not supported in this environment");return}i.webkitShowPlaybackTargetPicker()}},mediaEvents:["webkitcurrentplaybacktargetiswirelesschanged"]},mediaFullscreenUnavailable:{get(t){let{media:e}=t;if(!ns||!ca(e))return ee.UNSUPPORTED}},mediaPipUnavailable:{get(t){let{media:e}=t;if(!ls||!ua(e))return ee.UNSUPPORTED;if(e?.disablePictureInPicture)return ee.UNAVAILABLE}},mediaVolumeUnavailable:{get(t){let{media:e}=t;if(qi===!1||e?.volume==null)return ee.UNSUPPORTED},stateOwnersUpdateHandlers:[t=>{qi==null&&Kn.then(e=>t(e?void 0:ee.UNSUPPORTED))}]},mediaCastUnavailable:{get(t,{availability:e="not-available"}={}){var i;let{media:r}=t;if(!us||!((i=r?.remote)!=null&&i.state))return ee.UNSUPPORTED;if(!(e==null||e==="available"))return ee.UNAVAILABLE},stateOwnersUpdateHandlers:[(t,e)=>{var i;let{media:r}=e;return r?(r.disableRemotePlayback||r.hasAttribute("disableremoteplayback")||(i=r?.remote)==null||i.watchAvailability(o=>{t({availability:o?"available":"not-available"})}).catch(o=>{o.name==="NotSupportedError"?t({availability:null}):t({availability:"not-available"})}),()=>{var o;(o=r?.remote)==null||o.cancelWatchAvailability().catch(()=>{})}):void 0}]},mediaAirplayUnavailable:{get(t,e){if(!ds)return ee.UNSUPPORTED;if(e?.availability==="not-available")return ee.UNAVAILABLE},mediaEvents:["webkitplaybacktargetavailabilitychanged"],stateOwnersUpdateHandlers:[(t,e)=>{var i;let{media:r}=e;return r?(r.disableRemotePlayback||r.hasAttribute("disableremoteplayback")||(i=r?.remote)==null||i.watchAvailability(o=>{t({availability:o?"available":"not-available"})}).catch(o=>{o.name==="NotSupportedError"?t({availability:null}):t({availability:"not-available"})}),()=>{var o;(o=r?.remote)==null||o.cancelWatchAvailability().catch(()=>{})}):void 0}]},mediaRenditionUnavailable:{get(t){var e;let{media:i}=t;if(!i?.videoRenditions)return ee.UNSUPPORTED;if(!((e=i.videoRenditions)!=null&&e.length))return ee.UNAVAILABLE},mediaEvents:["emptied","loadstart"],videoRenditionsEvents:["addrendition","removerendition"]},mediaAudioTrackUnavailable:{get(t){var e,i;let{media:r}=t;if(!r?.audioTracks)return ee.UNSUPPORTED;if(((i=(e=r.audioTracks)==null?void 0:e.length)!=null?i:0)<=1)return ee.UNAVAILABLE},mediaEvents:["emptied","loadstart"],audioTracksEvents:["addtrack","removetrack"]},mediaLang:{get(t){let{options:{mediaLang:e}={}}=t;return e??"en"}}};var hs={[m.MEDIA_PREVIEW_REQUEST](t,e,{detail:i}){var r,a,o;let{media:n}=e,d=i??void 0,u,I;if(n&&d!=null){let[h]=tt(n,{kind:j.METADATA,label:"thumbnails"}),_=Array.prototype.find.call((r=h?.cues)!=null?r:[],(E,w,b)=>w===0?E.endTime>d:w===b.length-1?E.startTime<=d:E.startTime<=d&&E.endTime>d);if(_){let E=/'^(?:[a-z]+:)?\/\//i.test(_.text)||(a=n?.querySelector('track[label="thumbnails"]'))==null?void 0:a.src,w=new URL(_.text,E);I=new URLSearchParams(w.hash).get("#xywh").split(",").map(X=>+X),u=w.href}}let S=t.mediaDuration.get(e),v=(o=t.mediaChaptersCues.get(e).find((h,_,E)=>_===E.length-1&&S===h.endTime?h.startTime<=d&&h.endTime>=d:h.startTime<=d&&h.endTime>d))==null?void 0:o.text;return i!=null&&v==null&&(v=""),{mediaPreviewTime:d,mediaPreviewImage:u,mediaPreviewCoords:I,mediaPreviewChapter:v}},[m.MEDIA_PAUSE_REQUEST](t,e){t["mediaPaused"].set(!0,e)},[m.MEDIA_PLAY_REQUEST](t,e){var i,r,a,o;let n="mediaPaused",u=t.mediaStreamType.get(e)===ie.LIVE,I=!((i=e.options)!=null&&i.noAutoSeekToLive),S=t.mediaTargetLiveWindow.get(e)>0;if(u&&I&&!S){let g=(r=t.mediaSeekable.get(e))==null?void 0:r[1];if(g){let v=(o=(a=e.options)==null?void 0:a.seekToLiveOffset)!=null?o:0,h=g-v;t.mediaCurrentTime.set(h,e)}}t[n].set(!1,e)},[m.MEDIA_PLAYBACK_RATE_REQUEST](t,e,{detail:i}){let r="mediaPlaybackRate",a=i;t[r].set(a,e)},[m.MEDIA_MUTE_REQUEST](t,e){t["mediaMuted"].set(!0,e)},[m.MEDIA_UNMUTE_REQUEST](t,e){let i="mediaMuted";t.mediaVolume.get(e)||t.mediaVolume.set(.25,e),t[i].set(!1,e)},[m.MEDIA_LOOP_REQUEST](t,e,{detail:i}){let r="mediaLoop",a=!!i;return t[r].set(a,e),{mediaLoop:a}},[m.MEDIA_VOLUME_REQUEST](t,e,{detail:i}){let r="mediaVolume",a=i;a&&t.mediaMuted.get(e)&&t.mediaMuted.set(!1,e),t[r].set(a,e)},[m.MEDIA_SEEK_REQUEST](t,e,{detail:i}){let r="mediaCurrentTime",a=i;t[r].set(a,e)},[m.MEDIA_SEEK_TO_LIVE_REQUEST](t,e){var i,r,a;let o="mediaCurrentTime",n=(i=t.mediaSeekable.get(e))==null?void 0:i[1];if(Number.isNaN(Number(n)))return;let d=(a=(r=e.options)==null?void 0:r.seekToLiveOffset)!=null?a:0,u=n-d;t[o].set(u,e)},[m.MEDIA_SHOW_SUBTITLES_REQUEST](t,e,{detail:i}){var r;let{options:a}=e,o=kt(e),n=na(i),d=(r=n[0])==null?void 0:r.language;d&&!a.noSubtitlesLangPref&&l.localStorage.setItem("media-chrome-pref-subtitles-lang",d),et(Oe.SHOWING,o,n)},[m.MEDIA_DISABLE_SUBTITLES_REQUEST](t,e,{detail:i}){let r=kt(e),a=i??[];et(Oe.DISABLED,r,a)},[m.MEDIA_TOGGLE_SUBTITLES_REQUEST](t,e,{detail:i}){Ki(e,i)},[m.MEDIA_RENDITION_REQUEST](t,e,{detail:i}){let r="mediaRenditionSelected",a=i;t[r].set(a,e)},[m.MEDIA_AUDIO_TRACK_REQUEST](t,e,{detail:i}){let r="mediaAudioTrackEnabled",a=i;t[r].set(a,e)},[m.MEDIA_ENTER_PIP_REQUEST](t,e){let i="mediaIsPip";t.mediaIsFullscreen.get(e)&&t.mediaIsFullscreen.set(!1,e),t[i].set(!0,e)},[m.MEDIA_EXIT_PIP_REQUEST](t,e){t["mediaIsPip"].set(!1,e)},[m.MEDIA_ENTER_FULLSCREEN_REQUEST](t,e,i){let r="mediaIsFullscreen";t.mediaIsPip.get(e)&&t.mediaIsPip.set(!1,e),t[r].set(!0,e,i)},[m.MEDIA_EXIT_FULLSCREEN_REQUEST](t,e){t["mediaIsFullscreen"].set(!1,e)},[m.MEDIA_ENTER_CAST_REQUEST](t,e){let i="mediaIsCasting";t.mediaIsFullscreen.get(e)&&t.mediaIsFullscreen.set(!1,e),t[i].set(!0,e)},[m.MEDIA_EXIT_CAST_REQUEST](t,e){t["mediaIsCasting"].set(!1,e)},[m.MEDIA_AIRPLAY_REQUEST](t,e){t["mediaIsAirplaying"].set(!0,e)}};var ms=({media:t,fullscreenElement:e,documentElement:i,stateMediator:r=wt,requestMap:a=hs,options:o={},monitorStateOwnersOnlyWithSubscriptions:n=!0})=>{let d=[],u={options:{...o}},I=Object.freeze({mediaPreviewTime:void 0,mediaPreviewImage:void 0,mediaPreviewCoords:void 0,mediaPreviewChapter:void 0}),S=E=>{E!=null&&(Gi(E,I)||(I=Object.freeze({...I,...E}),d.forEach(w=>w(I))))},g=()=>{let E=Object.entries(r).reduce((w,[b,{get:X}])=>(w[b]=X(u),w),{});S(E)},v={},h,_=async(E,w)=>{var b,X,Wt,$t,dt,Me,Le,Vt,Ye,Ja,ja,eo,to,io,ro,ao;let rn=!!h;if(h={...u,...h??{},...E},rn)return;await cs(...Object.values(E));let ut=d.length>0&&w===0&&n,oo=u.media!==h.media,so=((b=u.media)==null?void 0:b.textTracks)!==((X=h.media)==null?void 0:X.textTracks),no=((Wt=u.media)==null?void 0:Wt.videoRenditions)!==(($t=h.media)==null?void 0:$t.videoRenditions),lo=((dt=u.media)==null?void 0:dt.audioTracks)!==((Me=h.media)==null?void 0:Me.audioTracks),uo=((Le=u.media)==null?void 0:Le.remote)!==((Vt=h.media)==null?void 0:Vt.remote),co=u.documentElement!==h.documentElement,ho=!!u.media&&(oo||ut),mo=!!((Ye=u.media)!=null&&Ye.textTracks)&&(so||ut),po=!!((Ja=u.media)!=null&&Ja.videoRenditions)&&(no||ut),Eo=!!((ja=u.media)!=null&&ja.audioTracks)&&(lo||ut),vo=!!((eo=u.media)!=null&&eo.remote)&&(uo||ut),fo=!!u.documentElement&&(co||ut),Br=ho||mo||po||Eo||vo||fo,ct=d.length===0&&w===1&&n,_o=!!h.media&&(oo||ct),go=!!((to=h.media)!=null&&to.textTracks)&&(so||ct),bo=!!((io=h.media)!=null&&io.videoRenditions)&&(no||ct),Ao=!!((ro=h.media)!=null&&ro.audioTracks)&&(lo||ct),To=!!((ao=h.media)!=null&&ao.remote)&&(uo||ct),So=!!h.documentElement&&(co||ct),yo=_o||go||bo||Ao||To||So;if(!(Br||yo)){Object.entries(h).forEach(([D,Kt])=>{u[D]=Kt}),g(),h=void 0;return}Object.entries(r).forEach(([D,{get:Kt,mediaEvents:an=[],textTracksEvents:on=[],videoRenditionsEvents:sn=[],audioTracksEvents:nn=[],remoteEvents:ln=[],rootEvents:dn=[],stateOwnersUpdateHandlers:un=[]}])=>{v[D]||(v[D]={});let te=U=>{let N=Kt(u,U);S({[D]:N})},V;V=v[D].mediaEvents,an.forEach(U=>{V&&ho&&(u.media.removeEventListener(U,V),v[D].mediaEvents=void 0),_o&&(h.media.addEventListener(U,te),v[D].mediaEvents=te)}),V=v[D].textTracksEvents,on.forEach(U=>{var N,de;V&&mo&&((N=u.media.textTracks)==null||N.removeEventListener(U,V),v[D].textTracksEvents=void 0),go&&((de=h.media.textTracks)==null||de.addEventListener(U,te),v[D].textTracksEvents=te)}),V=v[D].videoRenditionsEvents,sn.forEach(U=>{var N,de;V&&po&&((N=u.media.videoRenditions)==null||N.removeEventListener(U,V),v[D].videoRenditionsEvents=void 0),bo&&((de=h.media.videoRenditions)==null||de.addEventListener(U,te),v[D].videoRenditionsEvents=te)}),V=v[D].audioTracksEvents,nn.forEach(U=>{var N,de;V&&Eo&&((N=u.media.audioTracks)==null||N.removeEventListener(U,V),v[D].audioTracksEvents=void 0),Ao&&((de=h.media.audioTracks)==null||de.addEventListener(U,te),v[D].audioTracksEvents=te)}),V=v[D].remoteEvents,ln.forEach(U=>{var N,de;V&&vo&&((N=u.media.remote)==null||N.removeEventListener(U,V),v[D].remoteEvents=void 0),To&&((de=h.media.remote)==null||de.addEventListener(U,te),v[D].remoteEvents=te)}),V=v[D].rootEvents,dn.forEach(U=>{V&&fo&&(u.documentElement.removeEventListener(U,V),v[D].rootEvents=void 0),So&&(h.documentElement.addEventListener(U,te),v[D].rootEvents=te)});let Ti=v[D].stateOwnersUpdateHandlers;if(Ti&&Br&&(Array.isArray(Ti)?Ti:[Ti]).forEach(N=>{typeof N=="function"&&N()}),yo){let U=un.map(N=>N(te,h)).filter(N=>typeof N=="function");v[D].stateOwnersUpdateHandlers=U.length===1?U[0]:U}else Br&&(v[D].stateOwnersUpdateHandlers=void 0)}),Object.entries(h).forEach(([D,Kt])=>{u[D]=Kt}),g(),h=void 0};return _({media:t,fullscreenElement:e,documentElement:i,options:o}),{dispatch(E){let{type:w,detail:b}=E;if(a[w]&&I.mediaErrorCode==null){S(a[w](r,u,E));return}w==="mediaelementchangerequest"?_({media:b}):w==="fullscreenelementchangerequest"?_({fullscreenElement:b}):w==="documentelementchangerequest"?_({documentElement:b}):w==="optionschangerequest"&&(Object.entries(b??{}).forEach(([X,Wt])=>{u.options[X]=Wt}),g())},getState(){return I},subscribe(E){return _({},d.length+1),d.push(E),E(I),()=>{let w=d.indexOf(E);w>=0&&(_({},d.length-1),d.splice(w,1))}}}};var _a=(t,e,i)=>{if(!e.has(t))throw TypeError("Cannot "+i)},p=(t,e,i)=>(_a(t,e,"read from private field"),i?i.call(t):e.get(t)),re=(t,e,i)=>{if(e.has(t))throw TypeError("Cannot add the same private member more than once");e instanceof WeakSet?e.add(t):e.set(t,i)},me=(t,e,i,r)=>(_a(t,e,"write to private field"),r?r.call(t,i):e.set(t,i),i),Be=(t,e,i)=>(_a(t,e,"access private method"),i),Ce,ei,M,ae,ti,_e,Yi,ii,Qi,ma,rt,zi,pa,ri,Xi,Ea,bs,As=["ArrowLeft","ArrowRight","ArrowUp","ArrowDown","Enter"," ","f","m","k","c","l","j",">","<","p"],ps=10,Es=.025,vs=.25,Yn=.25,Qn=2,c={DEFAULT_SUBTITLES:"defaultsubtitles",DEFAULT_STREAM_TYPE:"defaultstreamtype",DEFAULT_DURATION:"defaultduration",FULLSCREEN_ELEMENT:"fullscreenelement",HOTKEYS:"hotkeys",KEYBOARD_BACKWARD_SEEK_OFFSET:"keyboardbackwardseekoffset",KEYBOARD_FORWARD_SEEK_OFFSET:"keyboardforwardseekoffset",KEYBOARD_DOWN_VOLUME_STEP:"keyboarddownvolumestep",KEYBOARD_UP_VOLUME_STEP:"keyboardupvolumestep",KEYS_USED:"keysused",LANG:"lang",LOOP:"loop",LIVE_EDGE_OFFSET:"liveedgeoffset",NO_AUTO_SEEK_TO_LIVE:"noautoseektolive",NO_DEFAULT_STORE:"nodefaultstore",NO_HOTKEYS:"nohotkeys",NO_MUTED_PREF:"nomutedpref",NO_SUBTITLES_LANG_PREF:"nosubtitleslangpref",NO_VOLUME_PREF:"novolumepref",SEEK_TO_LIVE_OFFSET:"seektoliveoffset"},va=class extends ze{constructor(){super(),re(this,Qi),re(this,zi),re(this,ri),re(this,Ea),this.mediaStateReceivers=[],this.associatedElementSubscriptions=new Map,re(this,Ce,new yt(this,c.HOTKEYS)),re(this,ei,void 0),re(this,M,void 0),re(this,ae,null),re(this,ti,void 0),re(this,_e,void 0),re(this,Yi,i=>{var r;(r=p(this,M))==null||r.dispatch(i)}),re(this,ii,void 0),re(this,rt,i=>{let{key:r,shiftKey:a}=i;if(!(a&&(r==="/"||r==="?")||As.includes(r))){this.removeEventListener("keyup",p(this,rt));return}this.keyboardShortcutHandler(i)}),this.associateElement(this);let e={};me(this,ti,i=>{Object.entries(i).forEach(([r,a])=>{if(r in e&&e[r]===a)return;this.propagateMediaState(r,a);let o=r.toLowerCase(),n=new l.CustomEvent(Lo[o],{composed:!0,detail:a});this.dispatchEvent(n)}),e=i})}static get observedAttributes(){return super.observedAttributes.concat(c.NO_HOTKEYS,c.HOTKEYS,c.DEFAULT_STREAM_TYPE,c.DEFAULT_SUBTITLES,c.DEFAULT_DURATION,c.NO_MUTED_PREF,c.NO_VOLUME_PREF,c.LANG,c.LOOP,c.LIVE_EDGE_OFFSET,c.SEEK_TO_LIVE_OFFSET,c.NO_AUTO_SEEK_TO_LIVE)}get mediaStore(){return p(this,M)}set mediaStore(e){var i,r;if(p(this,M)&&((i=p(this,_e))==null||i.call(this),me(this,_e,void 0)),me(this,M,e),!p(this,M)&&!this.hasAttribute(c.NO_DEFAULT_STORE)){Be(this,Qi,ma).call(this);return}me(this,_e,(r=p(this,M))==null?void 0:r.subscribe(p(this,ti)))}get fullscreenElement(){var e;return(e=p(this,ei))!=null?e:this}set fullscreenElement(e){var i;this.hasAttribute(c.FULLSCREEN_ELEMENT)&&this.removeAttribute(c.FULLSCREEN_ELEMENT),me(this,ei,e),(i=p(this,M))==null||i.dispatch({type:"fullscreenelementchangerequest",detail:this.fullscreenElement})}get defaultSubtitles(){return A(this,c.DEFAULT_SUBTITLES)}set defaultSubtitles(e){T(this,c.DEFAULT_SUBTITLES,e)}get defaultStreamType(){return R(this,c.DEFAULT_STREAM_TYPE)}set defaultStreamType(e){L(this,c.DEFAULT_STREAM_TYPE,e)}get defaultDuration(){return K(this,c.DEFAULT_DURATION)}set defaultDuration(e){G(this,c.DEFAULT_DURATION,e)}get noHotkeys(){return A(this,c.NO_HOTKEYS)}set noHotkeys(e){T(this,c.NO_HOTKEYS,e)}get keysUsed(){return R(this,c.KEYS_USED)}set keysUsed(e){L(this,c.KEYS_USED,e)}get liveEdgeOffset(){return K(this,c.LIVE_EDGE_OFFSET)}set liveEdgeOffset(e){G(this,c.LIVE_EDGE_OFFSET,e)}get noAutoSeekToLive(){return A(this,c.NO_AUTO_SEEK_TO_LIVE)}set noAutoSeekToLive(e){T(this,c.NO_AUTO_SEEK_TO_LIVE,e)}get noVolumePref(){return A(this,c.NO_VOLUME_PREF)}set noVolumePref(e){T(this,c.NO_VOLUME_PREF,e)}get noMutedPref(){return A(this,c.NO_MUTED_PREF)}set noMutedPref(e){T(this,c.NO_MUTED_PREF,e)}get noSubtitlesLangPref(){return A(this,c.NO_SUBTITLES_LANG_PREF)}set noSubtitlesLangPref(e){T(this,c.NO_SUBTITLES_LANG_PREF,e)}get noDefaultStore(){return A(this,c.NO_DEFAULT_STORE)}set noDefaultStore(e){T(this,c.NO_DEFAULT_STORE,e)}get resolvedLang(){return Bo()}attributeChangedCallback(e,i,r){var a,o,n,d,u,I,S,g,v,h,_,E;if(super.attributeChangedCallback(e,i,r),e===c.NO_HOTKEYS)r!==i&&r===""?(this.hasAttribute(c.HOTKEYS)&&console.warn("Media Chrome: Both `hotkeys` and `nohotkeys` have been set. All hotkeys will be disabled."),this.disableHotkeys()):r!==i&&r===null&&this.enableHotkeys(),Be(this,ri,Xi).call(this);else if(e===c.HOTKEYS)p(this,Ce).value=r,Be(this,ri,Xi).call(this);else if(e===c.DEFAULT_SUBTITLES&&r!==i)(a=p(this,M))==null||a.dispatch({type:"optionschangerequest",detail:{defaultSubtitles:this.hasAttribute(c.DEFAULT_SUBTITLES)}});else if(e===c.DEFAULT_STREAM_TYPE)(n=p(this,M))==null||n.dispatch({type:"optionschangerequest",detail:{defaultStreamType:(o=this.getAttribute(c.DEFAULT_STREAM_TYPE))!=null?o:void 0}});else if(e===c.LIVE_EDGE_OFFSET&&r!==i)(d=p(this,M))==null||d.dispatch({type:"optionschangerequest",detail:{liveEdgeOffset:this.hasAttribute(c.LIVE_EDGE_OFFSET)?+this.getAttribute(c.LIVE_EDGE_OFFSET):void 0,seekToLiveOffset:this.hasAttribute(c.SEEK_TO_LIVE_OFFSET)?+this.getAttribute(c.SEEK_TO_LIVE_OFFSET):this.hasAttribute(c.LIVE_EDGE_OFFSET)?+this.getAttribute(c.LIVE_EDGE_OFFSET):void 0}});else if(e===c.SEEK_TO_LIVE_OFFSET&&r!==i)(u=p(this,M))==null||u.dispatch({type:"optionschangerequest",detail:{seekToLiveOffset:this.hasAttribute(c.SEEK_TO_LIVE_OFFSET)?+this.getAttribute(c.SEEK_TO_LIVE_OFFSET):this.hasAttribute(c.LIVE_EDGE_OFFSET)?+this.getAttribute(c.LIVE_EDGE_OFFSET):void 0}});else if(e===c.NO_AUTO_SEEK_TO_LIVE)(I=p(this,M))==null||I.dispatch({type:"optionschangerequest",detail:{noAutoSeekToLive:this.hasAttribute(c.NO_AUTO_SEEK_TO_LIVE)}});else if(e===c.FULLSCREEN_ELEMENT){let w=r?(S=this.getRootNode())==null?void 0:S.getElementById(r):void 0;me(this,ei,w),(g=p(this,M))==null||g.dispatch({type:"fullscreenelementchangerequest",detail:this.fullscreenElement})}else e===c.LANG&&r!==i?(Yr(r),(v=p(this,M))==null||v.dispatch({type:"optionschangerequest",detail:{mediaLang:r}})):e===c.LOOP&&r!==i?(h=p(this,M))==null||h.dispatch({type:m.MEDIA_LOOP_REQUEST,detail:r!=null}):e===c.NO_VOLUME_PREF&&r!==i?(_=p(this,M))==null||_.dispatch({type:"optionschangerequest",detail:{noVolumePref:this.hasAttribute(c.NO_VOLUME_PREF)}}):e===c.NO_MUTED_PREF&&r!==i&&((E=p(this,M))==null||E.dispatch({type:"optionschangerequest",detail:{noMutedPref:this.hasAttribute(c.NO_MUTED_PREF)}}))}connectedCallback(){var e,i,r;this.associateElement(this),!p(this,M)&&!this.hasAttribute(c.NO_DEFAULT_STORE)&&Be(this,Qi,ma).call(this),(e=p(this,M))==null||e.dispatch({type:"documentelementchangerequest",detail:B}),(i=p(this,M))==null||i.dispatch({type:"fullscreenelementchangerequest",detail:this.fullscreenElement}),super.connectedCallback(),p(this,M)&&!p(this,_e)&&me(this,_e,(r=p(this,M))==null?void 0:r.subscribe(p(this,ti))),p(this,ii)!==void 0&&p(this,M)&&this.media&&setTimeout(()=>{var a,o,n;(o=(a=this.media)==null?void 0:a.textTracks)!=null&&o.length&&((n=p(this,M))==null||n.dispatch({type:m.MEDIA_TOGGLE_SUBTITLES_REQUEST,detail:p(this,ii)}))},0),this.hasAttribute(c.NO_HOTKEYS)?this.disableHotkeys():this.enableHotkeys()}disconnectedCallback(){var e,i,r,a,o,n;if((e=super.disconnectedCallback)==null||e.call(this),this.disableHotkeys(),p(this,M)){let d=p(this,M).getState();me(this,ii,!!((i=d.mediaSubtitlesShowing)!=null&&i.length)),(r=p(this,M))==null||r.dispatch({type:"fullscreenelementchangerequest",detail:void 0}),(a=p(this,M))==null||a.dispatch({type:"documentelementchangerequest",detail:void 0}),(o=p(this,M))==null||o.dispatch({type:m.MEDIA_TOGGLE_SUBTITLES_REQUEST,detail:!1})}p(this,_e)&&((n=p(this,_e))==null||n.call(this),me(this,_e,void 0)),this.unassociateElement(this),p(this,ae)&&(p(this,ae).remove(),me(this,ae,null))}mediaSetCallback(e){var i;super.mediaSetCallback(e),(i=p(this,M))==null||i.dispatch({type:"mediaelementchangerequest",detail:e}),e.hasAttribute("tabindex")||(e.tabIndex=-1)}mediaUnsetCallback(e){var i;super.mediaUnsetCallback(e),(i=p(this,M))==null||i.dispatch({type:"mediaelementchangerequest",detail:void 0})}propagateMediaState(e,i){gs(this.mediaStateReceivers,e,i)}associateElement(e){if(!e)return;let{associatedElementSubscriptions:i}=this;if(i.has(e))return;let r=this.registerMediaStateReceiver.bind(this),a=this.unregisterMediaStateReceiver.bind(this),o=el(e,r,a);Object.values(m).forEach(n=>{e.addEventListener(n,p(this,Yi))}),i.set(e,o)}unassociateElement(e){if(!e)return;let{associatedElementSubscriptions:i}=this;if(!i.has(e))return;i.get(e)(),i.delete(e),Object.values(m).forEach(a=>{e.removeEventListener(a,p(this,Yi))})}registerMediaStateReceiver(e){if(!e)return;let i=this.mediaStateReceivers;i.indexOf(e)>-1||(i.push(e),p(this,M)&&Object.entries(p(this,M).getState()).forEach(([a,o])=>{gs([e],a,o)}))}unregisterMediaStateReceiver(e){let i=this.mediaStateReceivers,r=i.indexOf(e);r<0||i.splice(r,1)}enableHotkeys(){this.addEventListener("keydown",Be(this,zi,pa))}disableHotkeys(){this.removeEventListener("keydown",Be(this,zi,pa)),this.removeEventListener("keyup",p(this,rt))}get hotkeys(){return p(this,Ce)}set hotkeys(e){L(this,c.HOTKEYS,e)}keyboardShortcutHandler(e){var i,r,a,o,n,d,u,I,S;let g=e.target;if(((a=(r=(i=g.getAttribute(c.KEYS_USED))==null?void 0:i.split(" "))!=null?r:g?.keysUsed)!=null?a:[]).map(b=>b==="Space"?" ":b).filter(Boolean).includes(e.key))return;let h,_,E;if(!(p(this,Ce).contains(Bi(e.key))||e.shiftKey&&(e.key==="/"||e.key==="?")&&p(this,Ce).contains("noshift+/")))switch(e.key){case" ":case"k":h=p(this,M).getState().mediaPaused?m.MEDIA_PLAY_REQUEST:m.MEDIA_PAUSE_REQUEST,this.dispatchEvent(new l.CustomEvent(h,{composed:!0,bubbles:!0}));break;case"m":h=this.mediaStore.getState().mediaVolumeLevel==="off"?m.MEDIA_UNMUTE_REQUEST:m.MEDIA_MUTE_REQUEST,this.dispatchEvent(new l.CustomEvent(h,{composed:!0,bubbles:!0}));break;case"f":h=this.mediaStore.getState().mediaIsFullscreen?m.MEDIA_EXIT_FULLSCREEN_REQUEST:m.MEDIA_ENTER_FULLSCREEN_REQUEST,this.dispatchEvent(new l.CustomEvent(h,{composed:!0,bubbles:!0}));break;case"c":this.dispatchEvent(new l.CustomEvent(m.MEDIA_TOGGLE_SUBTITLES_REQUEST,{composed:!0,bubbles:!0}));break;case"ArrowLeft":case"j":{let b=this.hasAttribute(c.KEYBOARD_BACKWARD_SEEK_OFFSET)?+this.getAttribute(c.KEYBOARD_BACKWARD_SEEK_OFFSET):ps;_=Math.max(((o=this.mediaStore.getState().mediaCurrentTime)!=null?o:0)-b,0),E=new l.CustomEvent(m.MEDIA_SEEK_REQUEST,{composed:!0,bubbles:!0,detail:_}),this.dispatchEvent(E);break}case"ArrowRight":case"l":{let b=this.hasAttribute(c.KEYBOARD_FORWARD_SEEK_OFFSET)?+this.getAttribute(c.KEYBOARD_FORWARD_SEEK_OFFSET):ps;_=Math.max(((n=this.mediaStore.getState().mediaCurrentTime)!=null?n:0)+b,0),E=new l.CustomEvent(m.MEDIA_SEEK_REQUEST,{composed:!0,bubbles:!0,detail:_}),this.dispatchEvent(E);break}case"ArrowUp":{let b=this.hasAttribute(c.KEYBOARD_UP_VOLUME_STEP)?+this.getAttribute(c.KEYBOARD_UP_VOLUME_STEP):Es;_=Math.min(((d=this.mediaStore.getState().mediaVolume)!=null?d:1)+b,1),E=new l.CustomEvent(m.MEDIA_VOLUME_REQUEST,{composed:!0,bubbles:!0,detail:_}),this.dispatchEvent(E);break}case"ArrowDown":{let b=this.hasAttribute(c.KEYBOARD_DOWN_VOLUME_STEP)?+this.getAttribute(c.KEYBOARD_DOWN_VOLUME_STEP):Es;_=Math.max(((u=this.mediaStore.getState().mediaVolume)!=null?u:1)-b,0),E=new l.CustomEvent(m.MEDIA_VOLUME_REQUEST,{composed:!0,bubbles:!0,detail:_}),this.dispatchEvent(E);break}case"<":{let b=(I=this.mediaStore.getState().mediaPlaybackRate)!=null?I:1;_=Math.max(b-vs,Yn).toFixed(2),E=new l.CustomEvent(m.MEDIA_PLAYBACK_RATE_REQUEST,{composed:!0,bubbles:!0,detail:_}),this.dispatchEvent(E);break}case">":{let b=(S=this.mediaStore.getState().mediaPlaybackRate)!=null?S:1;_=Math.min(b+vs,Qn).toFixed(2),E=new l.CustomEvent(m.MEDIA_PLAYBACK_RATE_REQUEST,{composed:!0,bubbles:!0,detail:_}),this.dispatchEvent(E);break}case"/":case"?":{e.shiftKey&&Be(this,Ea,bs).call(this);break}case"p":{h=this.mediaStore.getState().mediaIsPip?m.MEDIA_EXIT_PIP_REQUEST:m.MEDIA_ENTER_PIP_REQUEST,E=new l.CustomEvent(h,{composed:!0,bubbles:!0}),this.dispatchEvent(E);break}default:break}}};Ce=new WeakMap;ei=new WeakMap;M=new WeakMap;ae=new WeakMap;ti=new WeakMap;_e=new WeakMap;Yi=new WeakMap;ii=new WeakMap;Qi=new WeakSet;ma=function(){var t;this.mediaStore=ms({media:this.media,fullscreenElement:this.fullscreenElement,options:{defaultSubtitles:this.hasAttribute(c.DEFAULT_SUBTITLES),defaultDuration:this.hasAttribute(c.DEFAULT_DURATION)?+this.getAttribute(c.DEFAULT_DURATION):void 0,defaultStreamType:(t=this.getAttribute(c.DEFAULT_STREAM_TYPE))!=null?t:void 0,liveEdgeOffset:this.hasAttribute(c.LIVE_EDGE_OFFSET)?+this.getAttribute(c.LIVE_EDGE_OFFSET):void 0,seekToLiveOffset:this.hasAttribute(c.SEEK_TO_LIVE_OFFSET)?+this.getAttribute(c.SEEK_TO_LIVE_OFFSET):this.hasAttribute(c.LIVE_EDGE_OFFSET)?+this.getAttribute(c.LIVE_EDGE_OFFSET):void 0,noAutoSeekToLive:this.hasAttribute(c.NO_AUTO_SEEK_TO_LIVE),noVolumePref:this.hasAttribute(c.NO_VOLUME_PREF),noMutedPref:this.hasAttribute(c.NO_MUTED_PREF),noSubtitlesLangPref:this.hasAttribute(c.NO_SUBTITLES_LANG_PREF)}})};rt=new WeakMap;zi=new WeakSet;pa=function(t){var e;let{metaKey:i,altKey:r,key:a,shiftKey:o}=t,n=o&&(a==="/"||a==="?");if(n&&((e=p(this,ae))!=null&&e.open)){this.removeEventListener("keyup",p(this,rt));return}if(i||r||!n&&!As.includes(a)){this.removeEventListener("keyup",p(this,rt));return}let d=t.target,u=d instanceof HTMLElement&&(d.tagName.toLowerCase()==="media-volume-range"||d.tagName.toLowerCase()==="media-time-range");[" ","ArrowLeft","ArrowRight","ArrowUp","ArrowDown"].includes(a)&&!p(this,Ce).contains(Bi(a))&&!u&&t.preventDefault(),this.addEventListener("keyup",p(this,rt),{once:!0})};ri=new WeakSet;Xi=function(){p(this,ae)&&(p(this,ae).hotkeys=p(this,Ce).value||void 0,(this.noHotkeys||p(this,Ce).contains("noshift+/"))&&(p(this,ae).open=!1))};Ea=new WeakSet;bs=function(){p(this,ae)||(me(this,ae,B.createElement("media-keyboard-shortcuts-dialog")),Be(this,ri,Xi).call(this),this.appendChild(p(this,ae))),p(this,ae).open=!0};var zn=Object.values(s),Xn=Object.values($r),Ts=t=>{var e,i,r,a;let{observedAttributes:o}=t.constructor;!o&&((e=t.nodeName)!=null&&e.includes("-"))&&(l.customElements.upgrade(t),{observedAttributes:o}=t.constructor);let n=(a=(r=(i=t?.getAttribute)==null?void 0:i.call(t,k.MEDIA_CHROME_ATTRIBUTES))==null?void 0:r.split)==null?void 0:a.call(r,/\s+/);return Array.isArray(o||n)?(o||n).filter(d=>zn.includes(d)):[]},Zn=t=>{var e,i;return(e=t.nodeName)!=null&&e.includes("-")&&l.customElements.get((i=t.nodeName)==null?void 0:i.toLowerCase())&&!(t instanceof l.customElements.get(t.nodeName.toLowerCase()))&&l.customElements.upgrade(t),Xn.some(r=>r in t)},fa=t=>Zn(t)||!!Ts(t).length,fs=t=>{var e;return(e=t?.join)==null?void 0:e.call(t,":")},_s={[s.MEDIA_SUBTITLES_LIST]:la,[s.MEDIA_SUBTITLES_SHOWING]:la,[s.MEDIA_SEEKABLE]:fs,[s.MEDIA_BUFFERED]:t=>t?.map(fs).join(" "),[s.MEDIA_PREVIEW_COORDS]:t=>t?.join(" "),[s.MEDIA_RENDITION_LIST]:Zo,[s.MEDIA_AUDIO_TRACK_LIST]:Jo},Jn=async(t,e,i)=>{var r,a;if(t.isConnected||await $i(0),typeof i=="boolean"||i==null)return T(t,e,i);if(typeof i=="number")return G(t,e,i);if(typeof i=="string")return L(t,e,i);if(Array.isArray(i)&&!i.length)return t.removeAttribute(e);let o=(a=(r=_s[e])==null?void 0:r.call(_s,i))!=null?a:i;return t.setAttribute(e,o)},jn=t=>{var e;return!!((e=t.closest)!=null&&e.call(t,'*[slot="media"]'))},it=(t,e)=>{if(jn(t))return;let i=(a,o)=>{var n,d;fa(a)&&o(a);let{children:u=[]}=a??{},I=(d=(n=a?.shadowRoot)==null?void 0:n.children)!=null?d:[];[...u,...I].forEach(g=>it(g,o))},r=t?.nodeName.toLowerCase();if(r.includes("-")&&!fa(t)){l.customElements.whenDefined(r).then(()=>{i(t,e)});return}i(t,e)},gs=(t,e,i)=>{t.forEach(r=>{if(e in r){r[e]=i;return}let a=Ts(r),o=e.toLowerCase();a.includes(o)&&Jn(r,o,i)})},el=(t,e,i)=>{it(t,e);let r=S=>{var g;let v=(g=S?.composedPath()[0])!=null?g:S.target;e(v)},a=S=>{var g;let v=(g=S?.composedPath()[0])!=null?g:S.target;i(v)};t.addEventListener(m.REGISTER_MEDIA_STATE_RECEIVER,r),t.addEventListener(m.UNREGISTER_MEDIA_STATE_RECEIVER,a);let o=S=>{S.forEach(g=>{let{addedNodes:v=[],removedNodes:h=[],type:_,target:E,attributeName:w}=g;_==="childList"?(Array.prototype.forEach.call(v,b=>it(b,e)),Array.prototype.forEach.call(h,b=>it(b,i))):_==="attributes"&&w===k.MEDIA_CHROME_ATTRIBUTES&&(fa(E)?e(E):i(E))})},n=[],d=S=>{let g=S.target;g.name!=="media"&&(n.forEach(v=>it(v,i)),n=[...g.assignedElements({flatten:!0})],n.forEach(v=>it(v,e)))};t.addEventListener("slotchange",d);let u=new MutationObserver(o);return u.observe(t,{childList:!0,attributes:!0,subtree:!0}),()=>{it(t,i),t.removeEventListener("slotchange",d),u.disconnect(),t.removeEventListener(m.REGISTER_MEDIA_STATE_RECEIVER,r),t.removeEventListener(m.UNREGISTER_MEDIA_STATE_RECEIVER,a)}};l.customElements.get("media-controller")||l.customElements.define("media-controller",va);var Ss=(t,e,i)=>{if(!e.has(t))throw TypeError("Cannot "+i)},Zi=(t,e,i)=>(Ss(t,e,"read from private field"),i?i.call(t):e.get(t)),tl=(t,e,i)=>{if(e.has(t))throw TypeError("Cannot add the same private member more than once");e instanceof WeakSet?e.add(t):e.set(t,i)},Ji=(t,e,i,r)=>(Ss(t,e,"write to private field"),r?r.call(t,i):e.set(t,i),i),ge;function il(t){return`
    <style>
      :host {
        
        box-sizing: border-box;
        display: var(--media-control-display, var(--media-control-bar-display, inline-flex));
        color: var(--media-text-color, var(--media-primary-color, rgb(238 238 238)));
        --media-loading-indicator-icon-height: 44px;
      }

      ::slotted(media-time-range),
      ::slotted(media-volume-range) {
        min-height: 100%;
      }

      ::slotted(media-time-range),
      ::slotted(media-clip-selector) {
        flex-grow: 1;
      }

      ::slotted([role="menu"]) {
        position: absolute;
      }
    </style>

    <slot></slot>
  `}var ai=class extends l.HTMLElement{constructor(){if(super(),tl(this,ge,void 0),!this.shadowRoot){this.attachShadow(this.constructor.shadowRootOptions);let e=H(this.attributes);F(this.shadowRoot,this.constructor.getTemplateHTML(e))}}static get observedAttributes(){return[k.MEDIA_CONTROLLER]}attributeChangedCallback(e,i,r){var a,o,n,d,u;e===k.MEDIA_CONTROLLER&&(i&&((o=(a=Zi(this,ge))==null?void 0:a.unassociateElement)==null||o.call(a,this),Ji(this,ge,null)),r&&this.isConnected&&(Ji(this,ge,(n=this.getRootNode())==null?void 0:n.getElementById(r)),(u=(d=Zi(this,ge))==null?void 0:d.associateElement)==null||u.call(d,this)))}connectedCallback(){var e,i,r;let a=this.getAttribute(k.MEDIA_CONTROLLER);a&&(Ji(this,ge,(e=this.getRootNode())==null?void 0:e.getElementById(a)),(r=(i=Zi(this,ge))==null?void 0:i.associateElement)==null||r.call(i,this))}disconnectedCallback(){var e,i;(i=(e=Zi(this,ge))==null?void 0:e.unassociateElement)==null||i.call(e,this),Ji(this,ge,null)}};ge=new WeakMap;ai.shadowRootOptions={mode:"open"};ai.getTemplateHTML=il;l.customElements.get("media-control-bar")||l.customElements.define("media-control-bar",ai);var Mt={PLACEMENT:"placement",BOUNDS:"bounds"};function rl(t){return`
    <style>
      :host {
        --_tooltip-background-color: var(--media-tooltip-background-color, var(--media-secondary-color, rgba(20, 20, 30, .7)));
        --_tooltip-background: var(--media-tooltip-background, var(--_tooltip-background-color));
        --_tooltip-arrow-half-width: calc(var(--media-tooltip-arrow-width, 12px) / 2);
        --_tooltip-arrow-height: var(--media-tooltip-arrow-height, 5px);
        --_tooltip-arrow-background: var(--media-tooltip-arrow-color, var(--_tooltip-background-color));
        position: relative;
        pointer-events: none;
        display: var(--media-tooltip-display, inline-flex);
        justify-content: center;
        align-items: center;
        box-sizing: border-box;
        z-index: var(--media-tooltip-z-index, 1);
        background: var(--_tooltip-background);
        color: var(--media-text-color, var(--media-primary-color, rgb(238 238 238)));
        font: var(--media-font,
          var(--media-font-weight, 400)
          var(--media-font-size, 13px) /
          var(--media-text-content-height, var(--media-control-height, 18px))
          var(--media-font-family, helvetica neue, segoe ui, roboto, arial, sans-serif));
        padding: var(--media-tooltip-padding, .35em .7em);
        border: var(--media-tooltip-border, none);
        border-radius: var(--media-tooltip-border-radius, 5px);
        filter: var(--media-tooltip-filter, drop-shadow(0 0 4px rgba(0, 0, 0, .2)));
        white-space: var(--media-tooltip-white-space, nowrap);
      }

      :host([hidden]) {
        display: none;
      }

      img, svg {
        display: inline-block;
      }

      #arrow {
        position: absolute;
        width: 0px;
        height: 0px;
        border-style: solid;
        display: var(--media-tooltip-arrow-display, block);
      }

      :host(:not([placement])),
      :host([placement="top"]) {
        position: absolute;
        bottom: calc(100% + var(--media-tooltip-distance, 12px));
        left: 50%;
        transform: translate(calc(-50% - var(--media-tooltip-offset-x, 0px)), 0);
      }
      :host(:not([placement])) #arrow,
      :host([placement="top"]) #arrow {
        top: 100%;
        left: 50%;
        border-width: var(--_tooltip-arrow-height) var(--_tooltip-arrow-half-width) 0 var(--_tooltip-arrow-half-width);
        border-color: var(--_tooltip-arrow-background) transparent transparent transparent;
        transform: translate(calc(-50% + var(--media-tooltip-offset-x, 0px)), 0);
      }

      :host([placement="right"]) {
        position: absolute;
        left: calc(100% + var(--media-tooltip-distance, 12px));
        top: 50%;
        transform: translate(0, -50%);
      }
      :host([placement="right"]) #arrow {
        top: 50%;
        right: 100%;
        border-width: var(--_tooltip-arrow-half-width) var(--_tooltip-arrow-height) var(--_tooltip-arrow-half-width) 0;
        border-color: transparent var(--_tooltip-arrow-background) transparent transparent;
        transform: translate(0, -50%);
      }

      :host([placement="bottom"]) {
        position: absolute;
        top: calc(100% + var(--media-tooltip-distance, 12px));
        left: 50%;
        transform: translate(calc(-50% - var(--media-tooltip-offset-x, 0px)), 0);
      }
      :host([placement="bottom"]) #arrow {
        bottom: 100%;
        left: 50%;
        border-width: 0 var(--_tooltip-arrow-half-width) var(--_tooltip-arrow-height) var(--_tooltip-arrow-half-width);
        border-color: transparent transparent var(--_tooltip-arrow-background) transparent;
        transform: translate(calc(-50% + var(--media-tooltip-offset-x, 0px)), 0);
      }

      :host([placement="left"]) {
        position: absolute;
        right: calc(100% + var(--media-tooltip-distance, 12px));
        top: 50%;
        transform: translate(0, -50%);
      }
      :host([placement="left"]) #arrow {
        top: 50%;
        left: 100%;
        border-width: var(--_tooltip-arrow-half-width) 0 var(--_tooltip-arrow-half-width) var(--_tooltip-arrow-height);
        border-color: transparent transparent transparent var(--_tooltip-arrow-background);
        transform: translate(0, -50%);
      }
      
      :host([placement="none"]) #arrow {
        display: none;
      }
    </style>
    <slot></slot>
    <div id="arrow"></div>
  `}var Lt=class extends l.HTMLElement{constructor(){if(super(),this.updateXOffset=()=>{var e;if(!Li(this,{checkOpacity:!1,checkVisibilityCSS:!1}))return;let i=this.placement;if(i==="left"||i==="right"){this.style.removeProperty("--media-tooltip-offset-x");return}let r=getComputedStyle(this),a=(e=Ue(this,"#"+this.bounds))!=null?e:Oo(this);if(!a)return;let{x:o,width:n}=a.getBoundingClientRect(),{x:d,width:u}=this.getBoundingClientRect(),I=d+u,S=o+n,g=r.getPropertyValue("--media-tooltip-offset-x"),v=g?parseFloat(g.replace("px","")):0,h=r.getPropertyValue("--media-tooltip-container-margin"),_=h?parseFloat(h.replace("px","")):0,E=d-o+v-_,w=I-S+v+_;if(E<0){this.style.setProperty("--media-tooltip-offset-x",`${E}px`);return}if(w>0){this.style.setProperty("--media-tooltip-offset-x",`${w}px`);return}this.style.removeProperty("--media-tooltip-offset-x")},!this.shadowRoot){this.attachShadow(this.constructor.shadowRootOptions);let e=H(this.attributes);F(this.shadowRoot,this.constructor.getTemplateHTML(e))}if(this.arrowEl=this.shadowRoot.querySelector("#arrow"),Object.prototype.hasOwnProperty.call(this,"placement")){let e=this.placement;delete this.placement,this.placement=e}}static get observedAttributes(){return[Mt.PLACEMENT,Mt.BOUNDS]}get placement(){return R(this,Mt.PLACEMENT)}set placement(e){L(this,Mt.PLACEMENT,e)}get bounds(){return R(this,Mt.BOUNDS)}set bounds(e){L(this,Mt.BOUNDS,e)}};Lt.shadowRootOptions={mode:"open"};Lt.getTemplateHTML=rl;l.customElements.get("media-tooltip")||l.customElements.define("media-tooltip",Lt);var ga=Lt;var Ta=(t,e,i)=>{if(!e.has(t))throw TypeError("Cannot "+i)},W=(t,e,i)=>(Ta(t,e,"read from private field"),i?i.call(t):e.get(t)),at=(t,e,i)=>{if(e.has(t))throw TypeError("Cannot add the same private member more than once");e instanceof WeakSet?e.add(t):e.set(t,i)},ji=(t,e,i,r)=>(Ta(t,e,"write to private field"),r?r.call(t,i):e.set(t,i),i),ys=(t,e,i)=>(Ta(t,e,"access private method"),i),be,Rt,ba,Is,We,Dt,er,Aa,ks,He={TOOLTIP_PLACEMENT:"tooltipplacement",DISABLED:"disabled",NO_TOOLTIP:"notooltip"};function al(t,e={}){return`
    <style>
      :host {
        position: relative;
        font: var(--media-font,
          var(--media-font-weight, bold)
          var(--media-font-size, 14px) /
          var(--media-text-content-height, var(--media-control-height, 24px))
          var(--media-font-family, helvetica neue, segoe ui, roboto, arial, sans-serif));
        color: var(--media-text-color, var(--media-primary-color, rgb(238 238 238)));
        background: var(--media-control-background, var(--media-secondary-color, rgb(20 20 30 / .7)));
        padding: var(--media-button-padding, var(--media-control-padding, 10px));
        justify-content: var(--media-button-justify-content, center);
        display: inline-flex;
        align-items: center;
        vertical-align: middle;
        box-sizing: border-box;
        transition: background .15s linear;
        pointer-events: auto;
        cursor: var(--media-cursor, pointer);
        -webkit-tap-highlight-color: transparent;
      }

      
      :host(:focus-visible) {
        box-shadow: var(--media-focus-box-shadow, inset 0 0 0 2px rgb(27 127 204 / .9));
        outline: 0;
      }
      
      :host(:where(:focus)) {
        box-shadow: none;
        outline: 0;
      }

      :host(:hover) {
        background: var(--media-control-hover-background, rgba(50 50 70 / .7));
      }

      slot[name="icon"] {
        display: inline-flex;
        align-items: center;
      }

      svg, img, ::slotted(svg), ::slotted(img) {
        width: var(--media-button-icon-width);
        height: var(--media-button-icon-height, var(--media-control-height, 24px));
        transform: var(--media-button-icon-transform);
        transition: var(--media-button-icon-transition);
        fill: var(--media-icon-color, var(--media-primary-color, rgb(238 238 238)));
        vertical-align: middle;
        max-width: 100%;
        max-height: 100%;
        min-width: 100%;
      }

      media-tooltip {
        
        max-width: 0;
        overflow-x: clip;
        opacity: 0;
        transition: opacity .3s, max-width 0s 9s;
      }

      :host(:hover) media-tooltip,
      :host(:focus-visible) media-tooltip {
        max-width: 100vw;
        opacity: 1;
        transition: opacity .3s;
      }

      :host([notooltip]) slot[name="tooltip"] {
        display: none;
      }
    </style>

    ${this.getSlotTemplateHTML(t,e)}

    <slot name="tooltip">
      <media-tooltip part="tooltip" aria-hidden="true">
        <template shadowrootmode="${ga.shadowRootOptions.mode}">
          ${ga.getTemplateHTML({})}
        </template>
        <slot name="tooltip-content">
          ${this.getTooltipContentHTML(t)}
        </slot>
      </media-tooltip>
    </slot>
  `}function ol(t,e){return`
    <slot></slot>
  `}function sl(){return""}var J=class extends l.HTMLElement{constructor(){if(super(),at(this,ba),at(this,Aa),at(this,be,void 0),this.preventClick=!1,this.tooltipEl=null,at(this,Rt,e=>{this.preventClick||this.handleClick(e),setTimeout(W(this,We),0)}),at(this,We,()=>{var e,i;(i=(e=this.tooltipEl)==null?void 0:e.updateXOffset)==null||i.call(e)}),at(this,Dt,e=>{let{key:i}=e;if(!this.keysUsed.includes(i)){this.removeEventListener("keyup",W(this,Dt));return}this.preventClick||this.handleClick(e)}),at(this,er,e=>{let{metaKey:i,altKey:r,key:a}=e;if(i||r||!this.keysUsed.includes(a)){this.removeEventListener("keyup",W(this,Dt));return}this.addEventListener("keyup",W(this,Dt),{once:!0})}),!this.shadowRoot){this.attachShadow(this.constructor.shadowRootOptions);let e=H(this.attributes),i=this.constructor.getTemplateHTML(e);F(this.shadowRoot,i)}this.tooltipEl=this.shadowRoot.querySelector("media-tooltip")}static get observedAttributes(){return["disabled",He.TOOLTIP_PLACEMENT,k.MEDIA_CONTROLLER,s.MEDIA_LANG]}enable(){this.addEventListener("click",W(this,Rt)),this.addEventListener("keydown",W(this,er)),this.tabIndex=0}disable(){this.removeEventListener("click",W(this,Rt)),this.removeEventListener("keydown",W(this,er)),this.removeEventListener("keyup",W(this,Dt)),this.tabIndex=-1}attributeChangedCallback(e,i,r){var a,o,n,d,u;e===k.MEDIA_CONTROLLER?(i&&((o=(a=W(this,be))==null?void 0:a.unassociateElement)==null||o.call(a,this),ji(this,be,null)),r&&this.isConnected&&(ji(this,be,(n=this.getRootNode())==null?void 0:n.getElementById(r)),(u=(d=W(this,be))==null?void 0:d.associateElement)==null||u.call(d,this))):e==="disabled"&&r!==i?r==null?this.enable():this.disable():e===He.TOOLTIP_PLACEMENT&&this.tooltipEl&&r!==i?this.tooltipEl.placement=r:e===s.MEDIA_LANG&&(this.shadowRoot.querySelector('slot[name="tooltip-content"]').innerHTML=this.constructor.getTooltipContentHTML()),ys(this,ba,Is).call(this)&&W(this,We).call(this)}connectedCallback(){var e,i,r;let{style:a}=C(this.shadowRoot,":host");a.setProperty("display",`var(--media-control-display, var(--${this.localName}-display, inline-flex))`),this.hasAttribute("disabled")?this.disable():this.enable(),this.setAttribute("role","button");let o=this.getAttribute(k.MEDIA_CONTROLLER);o&&(ji(this,be,(e=this.getRootNode())==null?void 0:e.getElementById(o)),(r=(i=W(this,be))==null?void 0:i.associateElement)==null||r.call(i,this)),l.customElements.whenDefined("media-tooltip").then(()=>ys(this,Aa,ks).call(this))}disconnectedCallback(){var e,i;this.disable(),(i=(e=W(this,be))==null?void 0:e.unassociateElement)==null||i.call(e,this),ji(this,be,null),this.removeEventListener("mouseenter",W(this,We)),this.removeEventListener("focus",W(this,We)),this.removeEventListener("click",W(this,Rt))}get keysUsed(){return["Enter"," "]}get tooltipPlacement(){return R(this,He.TOOLTIP_PLACEMENT)}set tooltipPlacement(e){L(this,He.TOOLTIP_PLACEMENT,e)}get mediaController(){return R(this,k.MEDIA_CONTROLLER)}set mediaController(e){L(this,k.MEDIA_CONTROLLER,e)}get disabled(){return A(this,He.DISABLED)}set disabled(e){T(this,He.DISABLED,e)}get noTooltip(){return A(this,He.NO_TOOLTIP)}set noTooltip(e){T(this,He.NO_TOOLTIP,e)}handleClick(e){}};be=new WeakMap;Rt=new WeakMap;ba=new WeakSet;Is=function(){try{return this.matches(":hover, :focus-visible")}catch{return this.matches(":hover, :focus")}};We=new WeakMap;Dt=new WeakMap;er=new WeakMap;Aa=new WeakSet;ks=function(){this.addEventListener("mouseenter",W(this,We)),this.addEventListener("focus",W(this,We)),this.addEventListener("click",W(this,Rt));let t=this.tooltipPlacement;t&&this.tooltipEl&&(this.tooltipEl.placement=t)};J.shadowRootOptions={mode:"open"};J.getTemplateHTML=al;J.getSlotTemplateHTML=ol;J.getTooltipContentHTML=sl;l.customElements.get("media-chrome-button")||l.customElements.define("media-chrome-button",J);var Ms=(t,e,i)=>{if(!e.has(t))throw TypeError("Cannot "+i)},nl=(t,e,i)=>(Ms(t,e,"read from private field"),i?i.call(t):e.get(t)),ll=(t,e,i)=>{if(e.has(t))throw TypeError("Cannot add the same private member more than once");e instanceof WeakSet?e.add(t):e.set(t,i)},dl=(t,e,i,r)=>(Ms(t,e,"write to private field"),r?r.call(t,i):e.set(t,i),i),tr,ul=`<svg aria-hidden="true" viewBox="0 0 26 24">
  <path d="M16 3v2.5h3.5V9H22V3h-6ZM4 9h2.5V5.5H10V3H4v6Zm15.5 9.5H16V21h6v-6h-2.5v3.5ZM6.5 15H4v6h6v-2.5H6.5V15Z"/>
</svg>`,cl=`<svg aria-hidden="true" viewBox="0 0 26 24">
  <path d="M18.5 6.5V3H16v6h6V6.5h-3.5ZM16 21h2.5v-3.5H22V15h-6v6ZM4 17.5h3.5V21H10v-6H4v2.5Zm3.5-11H4V9h6V3H7.5v3.5Z"/>
</svg>`;function hl(t){return`
    <style>
      :host([${s.MEDIA_IS_FULLSCREEN}]) slot[name=icon] slot:not([name=exit]) {
        display: none !important;
      }

      
      :host(:not([${s.MEDIA_IS_FULLSCREEN}])) slot[name=icon] slot:not([name=enter]) {
        display: none !important;
      }

      :host([${s.MEDIA_IS_FULLSCREEN}]) slot[name=tooltip-enter],
      :host(:not([${s.MEDIA_IS_FULLSCREEN}])) slot[name=tooltip-exit] {
        display: none;
      }
    </style>

    <slot name="icon">
      <slot name="enter">${ul}</slot>
      <slot name="exit">${cl}</slot>
    </slot>
  `}function ml(){return`
    <slot name="tooltip-enter">${y("Enter fullscreen mode")}</slot>
    <slot name="tooltip-exit">${y("Exit fullscreen mode")}</slot>
  `}var ws=t=>{let e=t.mediaIsFullscreen?y("exit fullscreen mode"):y("enter fullscreen mode");t.setAttribute("aria-label",e)},oi=class extends J{constructor(){super(...arguments),ll(this,tr,null)}static get observedAttributes(){return[...super.observedAttributes,s.MEDIA_IS_FULLSCREEN,s.MEDIA_FULLSCREEN_UNAVAILABLE]}connectedCallback(){super.connectedCallback(),ws(this)}attributeChangedCallback(e,i,r){super.attributeChangedCallback(e,i,r),e===s.MEDIA_IS_FULLSCREEN&&ws(this)}get mediaFullscreenUnavailable(){return R(this,s.MEDIA_FULLSCREEN_UNAVAILABLE)}set mediaFullscreenUnavailable(e){L(this,s.MEDIA_FULLSCREEN_UNAVAILABLE,e)}get mediaIsFullscreen(){return A(this,s.MEDIA_IS_FULLSCREEN)}set mediaIsFullscreen(e){T(this,s.MEDIA_IS_FULLSCREEN,e)}handleClick(e){dl(this,tr,e);let i=nl(this,tr)instanceof PointerEvent,r=this.mediaIsFullscreen?new l.CustomEvent(m.MEDIA_EXIT_FULLSCREEN_REQUEST,{composed:!0,bubbles:!0}):new l.CustomEvent(m.MEDIA_ENTER_FULLSCREEN_REQUEST,{composed:!0,bubbles:!0,detail:i});this.dispatchEvent(r)}};tr=new WeakMap;oi.getSlotTemplateHTML=hl;oi.getTooltipContentHTML=ml;l.customElements.get("media-fullscreen-button")||l.customElements.define("media-fullscreen-button",oi);var Ds=(t,e,i)=>{if(!e.has(t))throw TypeError("Cannot "+i)},si=(t,e,i)=>(Ds(t,e,"read from private field"),i?i.call(t):e.get(t)),Ls=(t,e,i)=>{if(e.has(t))throw TypeError("Cannot add the same private member more than once");e instanceof WeakSet?e.add(t):e.set(t,i)},ni=(t,e,i,r)=>(Ds(t,e,"write to private field"),r?r.call(t,i):e.set(t,i),i),Ae,rr,ir={LOADING_DELAY:"loadingdelay",NO_AUTOHIDE:"noautohide"},Rs=500,pl=`
<svg aria-hidden="true" viewBox="0 0 100 100">
  <path d="M73,50c0-12.7-10.3-23-23-23S27,37.3,27,50 M30.9,50c0-10.5,8.5-19.1,19.1-19.1S69.1,39.5,69.1,50">
    <animateTransform
       attributeName="transform"
       attributeType="XML"
       type="rotate"
       dur="1s"
       from="0 50 50"
       to="360 50 50"
       repeatCount="indefinite" />
  </path>
</svg>
`;function El(t){return`
    <style>
      :host {
        display: var(--media-control-display, var(--media-loading-indicator-display, inline-block));
        vertical-align: middle;
        box-sizing: border-box;
        --_loading-indicator-delay: var(--media-loading-indicator-transition-delay, ${Rs}ms);
      }

      #status {
        color: rgba(0,0,0,0);
        width: 0px;
        height: 0px;
      }

      :host slot[name=icon] > *,
      :host ::slotted([slot=icon]) {
        opacity: var(--media-loading-indicator-opacity, 0);
        transition: opacity 0.15s;
      }

      :host([${s.MEDIA_LOADING}]:not([${s.MEDIA_PAUSED}])) slot[name=icon] > *,
      :host([${s.MEDIA_LOADING}]:not([${s.MEDIA_PAUSED}])) ::slotted([slot=icon]) {
        opacity: var(--media-loading-indicator-opacity, 1);
        transition: opacity 0.15s var(--_loading-indicator-delay);
      }

      :host #status {
        visibility: var(--media-loading-indicator-opacity, hidden);
        transition: visibility 0.15s;
      }

      :host([${s.MEDIA_LOADING}]:not([${s.MEDIA_PAUSED}])) #status {
        visibility: var(--media-loading-indicator-opacity, visible);
        transition: visibility 0.15s var(--_loading-indicator-delay);
      }

      svg, img, ::slotted(svg), ::slotted(img) {
        width: var(--media-loading-indicator-icon-width);
        height: var(--media-loading-indicator-icon-height, 100px);
        fill: var(--media-icon-color, var(--media-primary-color, rgb(238 238 238)));
        vertical-align: middle;
      }
    </style>

    <slot name="icon">${pl}</slot>
    <div id="status" role="status" aria-live="polite">${y("media loading")}</div>
  `}var li=class extends l.HTMLElement{constructor(){if(super(),Ls(this,Ae,void 0),Ls(this,rr,Rs),!this.shadowRoot){this.attachShadow(this.constructor.shadowRootOptions);let e=H(this.attributes);F(this.shadowRoot,this.constructor.getTemplateHTML(e))}}static get observedAttributes(){return[k.MEDIA_CONTROLLER,s.MEDIA_PAUSED,s.MEDIA_LOADING,ir.LOADING_DELAY]}attributeChangedCallback(e,i,r){var a,o,n,d,u;e===ir.LOADING_DELAY&&i!==r?this.loadingDelay=Number(r):e===k.MEDIA_CONTROLLER&&(i&&((o=(a=si(this,Ae))==null?void 0:a.unassociateElement)==null||o.call(a,this),ni(this,Ae,null)),r&&this.isConnected&&(ni(this,Ae,(n=this.getRootNode())==null?void 0:n.getElementById(r)),(u=(d=si(this,Ae))==null?void 0:d.associateElement)==null||u.call(d,this)))}connectedCallback(){var e,i,r;let a=this.getAttribute(k.MEDIA_CONTROLLER);a&&(ni(this,Ae,(e=this.getRootNode())==null?void 0:e.getElementById(a)),(r=(i=si(this,Ae))==null?void 0:i.associateElement)==null||r.call(i,this))}disconnectedCallback(){var e,i;(i=(e=si(this,Ae))==null?void 0:e.unassociateElement)==null||i.call(e,this),ni(this,Ae,null)}get loadingDelay(){return si(this,rr)}set loadingDelay(e){ni(this,rr,e);let{style:i}=C(this.shadowRoot,":host");i.setProperty("--_loading-indicator-delay",`var(--media-loading-indicator-transition-delay, ${e}ms)`)}get mediaPaused(){return A(this,s.MEDIA_PAUSED)}set mediaPaused(e){T(this,s.MEDIA_PAUSED,e)}get mediaLoading(){return A(this,s.MEDIA_LOADING)}set mediaLoading(e){T(this,s.MEDIA_LOADING,e)}get mediaController(){return R(this,k.MEDIA_CONTROLLER)}set mediaController(e){L(this,k.MEDIA_CONTROLLER,e)}get noAutohide(){return A(this,ir.NO_AUTOHIDE)}set noAutohide(e){T(this,ir.NO_AUTOHIDE,e)}};Ae=new WeakMap;rr=new WeakMap;li.shadowRootOptions={mode:"open"};li.getTemplateHTML=El;l.customElements.get("media-loading-indicator")||l.customElements.define("media-loading-indicator",li);var vl=`<svg aria-hidden="true" viewBox="0 0 24 24">
  <path d="M16.5 12A4.5 4.5 0 0 0 14 8v2.18l2.45 2.45a4.22 4.22 0 0 0 .05-.63Zm2.5 0a6.84 6.84 0 0 1-.54 2.64L20 16.15A8.8 8.8 0 0 0 21 12a9 9 0 0 0-7-8.77v2.06A7 7 0 0 1 19 12ZM4.27 3 3 4.27 7.73 9H3v6h4l5 5v-6.73l4.25 4.25A6.92 6.92 0 0 1 14 18.7v2.06A9 9 0 0 0 17.69 19l2 2.05L21 19.73l-9-9L4.27 3ZM12 4 9.91 6.09 12 8.18V4Z"/>
</svg>`,Cs=`<svg aria-hidden="true" viewBox="0 0 24 24">
  <path d="M3 9v6h4l5 5V4L7 9H3Zm13.5 3A4.5 4.5 0 0 0 14 8v8a4.47 4.47 0 0 0 2.5-4Z"/>
</svg>`,fl=`<svg aria-hidden="true" viewBox="0 0 24 24">
  <path d="M3 9v6h4l5 5V4L7 9H3Zm13.5 3A4.5 4.5 0 0 0 14 8v8a4.47 4.47 0 0 0 2.5-4ZM14 3.23v2.06a7 7 0 0 1 0 13.42v2.06a9 9 0 0 0 0-17.54Z"/>
</svg>`;function _l(t){return`
    <style>
      :host(:not([${s.MEDIA_VOLUME_LEVEL}])) slot[name=icon] slot:not([name=high]),
      :host([${s.MEDIA_VOLUME_LEVEL}=high]) slot[name=icon] slot:not([name=high]) {
        display: none !important;
      }

      :host([${s.MEDIA_VOLUME_LEVEL}=off]) slot[name=icon] slot:not([name=off]) {
        display: none !important;
      }

      :host([${s.MEDIA_VOLUME_LEVEL}=low]) slot[name=icon] slot:not([name=low]) {
        display: none !important;
      }

      :host([${s.MEDIA_VOLUME_LEVEL}=medium]) slot[name=icon] slot:not([name=medium]) {
        display: none !important;
      }

      :host(:not([${s.MEDIA_VOLUME_LEVEL}=off])) slot[name=tooltip-unmute],
      :host([${s.MEDIA_VOLUME_LEVEL}=off]) slot[name=tooltip-mute] {
        display: none;
      }
    </style>

    <slot name="icon">
      <slot name="off">${vl}</slot>
      <slot name="low">${Cs}</slot>
      <slot name="medium">${Cs}</slot>
      <slot name="high">${fl}</slot>
    </slot>
  `}function gl(){return`
    <slot name="tooltip-mute">${y("Mute")}</slot>
    <slot name="tooltip-unmute">${y("Unmute")}</slot>
  `}var Os=t=>{let i=t.mediaVolumeLevel==="off"?y("unmute"):y("mute");t.setAttribute("aria-label",i)},di=class extends J{static get observedAttributes(){return[...super.observedAttributes,s.MEDIA_VOLUME_LEVEL]}connectedCallback(){super.connectedCallback(),Os(this)}attributeChangedCallback(e,i,r){super.attributeChangedCallback(e,i,r),e===s.MEDIA_VOLUME_LEVEL&&Os(this)}get mediaVolumeLevel(){return R(this,s.MEDIA_VOLUME_LEVEL)}set mediaVolumeLevel(e){L(this,s.MEDIA_VOLUME_LEVEL,e)}handleClick(){let e=this.mediaVolumeLevel==="off"?m.MEDIA_UNMUTE_REQUEST:m.MEDIA_MUTE_REQUEST;this.dispatchEvent(new l.CustomEvent(e,{composed:!0,bubbles:!0}))}};di.getSlotTemplateHTML=_l;di.getTooltipContentHTML=gl;l.customElements.get("media-mute-button")||l.customElements.define("media-mute-button",di);var bl=`<svg aria-hidden="true" viewBox="0 0 24 24">
  <path d="m6 21 15-9L6 3v18Z"/>
</svg>`,Al=`<svg aria-hidden="true" viewBox="0 0 24 24">
  <path d="M6 20h4V4H6v16Zm8-16v16h4V4h-4Z"/>
</svg>`;function Tl(t){return`
    <style>
      :host([${s.MEDIA_PAUSED}]) slot[name=pause],
      :host(:not([${s.MEDIA_PAUSED}])) slot[name=play] {
        display: none !important;
      }

      :host([${s.MEDIA_PAUSED}]) slot[name=tooltip-pause],
      :host(:not([${s.MEDIA_PAUSED}])) slot[name=tooltip-play] {
        display: none;
      }
    </style>

    <slot name="icon">
      <slot name="play">${bl}</slot>
      <slot name="pause">${Al}</slot>
    </slot>
  `}function Sl(){return`
    <slot name="tooltip-play">${y("Play")}</slot>
    <slot name="tooltip-pause">${y("Pause")}</slot>
  `}var Us=t=>{let e=t.mediaPaused?y("play"):y("pause");t.setAttribute("aria-label",e)},ui=class extends J{static get observedAttributes(){return[...super.observedAttributes,s.MEDIA_PAUSED,s.MEDIA_ENDED]}connectedCallback(){super.connectedCallback(),Us(this)}attributeChangedCallback(e,i,r){super.attributeChangedCallback(e,i,r),(e===s.MEDIA_PAUSED||e===s.MEDIA_LANG)&&Us(this)}get mediaPaused(){return A(this,s.MEDIA_PAUSED)}set mediaPaused(e){T(this,s.MEDIA_PAUSED,e)}handleClick(){let e=this.mediaPaused?m.MEDIA_PLAY_REQUEST:m.MEDIA_PAUSE_REQUEST;this.dispatchEvent(new l.CustomEvent(e,{composed:!0,bubbles:!0}))}};ui.getSlotTemplateHTML=Tl;ui.getTooltipContentHTML=Sl;l.customElements.get("media-play-button")||l.customElements.define("media-play-button",ui);var yl=(t,e,i)=>{if(!e.has(t))throw TypeError("Cannot "+i)},Ct=(t,e,i)=>(yl(t,e,"read from private field"),i?i.call(t):e.get(t)),Il=(t,e,i)=>{if(e.has(t))throw TypeError("Cannot add the same private member more than once");e instanceof WeakSet?e.add(t):e.set(t,i)},$e,Sa={RATES:"rates"},kl=[1,1.2,1.5,1.7,2],ci=1;function ya(t){return Math.round(t*100)/100}function wl(t){return`
    <style>
      :host {
        min-width: 5ch;
        padding: var(--media-button-padding, var(--media-control-padding, 10px 5px));
      }
    </style>
    <slot name="icon">${t.mediaplaybackrate?ya(+t.mediaplaybackrate):ci}x</slot>
  `}function Ml(){return y("Playback rate")}var hi=class extends J{constructor(){var e;super(),Il(this,$e,new yt(this,Sa.RATES,{defaultValue:kl})),this.container=this.shadowRoot.querySelector('slot[name="icon"]'),this.container.innerHTML=`${ya((e=this.mediaPlaybackRate)!=null?e:ci)}x`}static get observedAttributes(){return[...super.observedAttributes,s.MEDIA_PLAYBACK_RATE,Sa.RATES]}attributeChangedCallback(e,i,r){if(super.attributeChangedCallback(e,i,r),e===Sa.RATES&&(Ct(this,$e).value=r),e===s.MEDIA_PLAYBACK_RATE){let a=r?+r:Number.NaN,o=ya(Number.isNaN(a)?ci:a);this.container.innerHTML=`${o}x`,this.setAttribute("aria-label",y("Playback rate {playbackRate}",{playbackRate:o}))}}get rates(){return Ct(this,$e)}set rates(e){e?Array.isArray(e)?Ct(this,$e).value=e.join(" "):typeof e=="string"&&(Ct(this,$e).value=e):Ct(this,$e).value=""}get mediaPlaybackRate(){return K(this,s.MEDIA_PLAYBACK_RATE,ci)}set mediaPlaybackRate(e){G(this,s.MEDIA_PLAYBACK_RATE,e)}handleClick(){var e,i;let r=Array.from(Ct(this,$e).values(),n=>+n).sort((n,d)=>n-d),a=(i=(e=r.find(n=>n>this.mediaPlaybackRate))!=null?e:r[0])!=null?i:ci,o=new l.CustomEvent(m.MEDIA_PLAYBACK_RATE_REQUEST,{composed:!0,bubbles:!0,detail:a});this.dispatchEvent(o)}};$e=new WeakMap;hi.getSlotTemplateHTML=wl;hi.getTooltipContentHTML=Ml;l.customElements.get("media-playback-rate-button")||l.customElements.define("media-playback-rate-button",hi);var xs=(t,e,i)=>{if(!e.has(t))throw TypeError("Cannot "+i)},ar=(t,e,i)=>(xs(t,e,"read from private field"),i?i.call(t):e.get(t)),Ll=(t,e,i)=>{if(e.has(t))throw TypeError("Cannot add the same private member more than once");e instanceof WeakSet?e.add(t):e.set(t,i)},or=(t,e,i,r)=>(xs(t,e,"write to private field"),r?r.call(t,i):e.set(t,i),i),Te;function Dl(t){return`
    <style>
      :host {
        box-sizing: border-box;
        display: var(--media-control-display, var(--media-preview-thumbnail-display, inline-block));
        overflow: hidden;
      }

      img {
        display: none;
        position: relative;
      }
    </style>
    <img crossorigin loading="eager" decoding="async">
  `}var Ot=class extends l.HTMLElement{constructor(){if(super(),Ll(this,Te,void 0),!this.shadowRoot){this.attachShadow(this.constructor.shadowRootOptions);let e=H(this.attributes);F(this.shadowRoot,this.constructor.getTemplateHTML(e))}}static get observedAttributes(){return[k.MEDIA_CONTROLLER,s.MEDIA_PREVIEW_IMAGE,s.MEDIA_PREVIEW_COORDS]}connectedCallback(){var e,i,r;let a=this.getAttribute(k.MEDIA_CONTROLLER);a&&(or(this,Te,(e=this.getRootNode())==null?void 0:e.getElementById(a)),(r=(i=ar(this,Te))==null?void 0:i.associateElement)==null||r.call(i,this))}disconnectedCallback(){var e,i;(i=(e=ar(this,Te))==null?void 0:e.unassociateElement)==null||i.call(e,this),or(this,Te,null)}attributeChangedCallback(e,i,r){var a,o,n,d,u;[s.MEDIA_PREVIEW_IMAGE,s.MEDIA_PREVIEW_COORDS].includes(e)&&this.update(),e===k.MEDIA_CONTROLLER&&(i&&((o=(a=ar(this,Te))==null?void 0:a.unassociateElement)==null||o.call(a,this),or(this,Te,null)),r&&this.isConnected&&(or(this,Te,(n=this.getRootNode())==null?void 0:n.getElementById(r)),(u=(d=ar(this,Te))==null?void 0:d.associateElement)==null||u.call(d,this)))}get mediaPreviewImage(){return R(this,s.MEDIA_PREVIEW_IMAGE)}set mediaPreviewImage(e){L(this,s.MEDIA_PREVIEW_IMAGE,e)}get mediaPreviewCoords(){let e=this.getAttribute(s.MEDIA_PREVIEW_COORDS);if(e)return e.split(/\s+/).map(i=>+i)}set mediaPreviewCoords(e){if(!e){this.removeAttribute(s.MEDIA_PREVIEW_COORDS);return}this.setAttribute(s.MEDIA_PREVIEW_COORDS,e.join(" "))}update(){let e=this.mediaPreviewCoords,i=this.mediaPreviewImage;if(!(e&&i))return;let[r,a,o,n]=e,d=i.split("#")[0],u=getComputedStyle(this),{maxWidth:I,maxHeight:S,minWidth:g,minHeight:v}=u,h=u.getPropertyValue("--media-preview-thumbnail-object-fit").trim()||"contain",_,E;if(h==="fill"){let Me=parseInt(I)/o,Le=parseInt(S)/n,Vt=parseInt(g)/o,Ye=parseInt(v)/n;_=Me<1?Me:Math.max(Me,Vt),E=Le<1?Le:Math.max(Le,Ye)}else{let Me=Math.min(parseInt(I)/o,parseInt(S)/n),Le=Math.max(parseInt(g)/o,parseInt(v)/n),Ye=Me<1?Me:Le>1?Le:1;_=Ye,E=Ye}let{style:w}=C(this.shadowRoot,":host"),b=C(this.shadowRoot,"img").style,X=this.shadowRoot.querySelector("img"),$t=Math.min(_,E)<1?"min":"max";w.setProperty(`${$t}-width`,"initial","important"),w.setProperty(`${$t}-height`,"initial","important"),w.width=`${o*_}px`,w.height=`${n*E}px`;let dt=()=>{b.width=`${this.imgWidth*_}px`,b.height=`${this.imgHeight*E}px`,b.display="block"};X.src!==d&&(X.onload=()=>{this.imgWidth=X.naturalWidth,this.imgHeight=X.naturalHeight,dt(),X.onload=null},X.src=d,dt()),dt(),b.transform=`translate(-${r*_}px, -${a*E}px)`}};Te=new WeakMap;Ot.shadowRootOptions={mode:"open"};Ot.getTemplateHTML=Dl;l.customElements.get("media-preview-thumbnail")||l.customElements.define("media-preview-thumbnail",Ot);var Ia=Ot;var Ps=(t,e,i)=>{if(!e.has(t))throw TypeError("Cannot "+i)},sr=(t,e,i)=>(Ps(t,e,"read from private field"),i?i.call(t):e.get(t)),Rl=(t,e,i)=>{if(e.has(t))throw TypeError("Cannot add the same private member more than once");e instanceof WeakSet?e.add(t):e.set(t,i)},nr=(t,e,i,r)=>(Ps(t,e,"write to private field"),r?r.call(t,i):e.set(t,i),i),Se;function Cl(t,e={}){return`
    <style>
      :host {
        font: var(--media-font,
          var(--media-font-weight, normal)
          var(--media-font-size, 14px) /
          var(--media-text-content-height, var(--media-control-height, 24px))
          var(--media-font-family, helvetica neue, segoe ui, roboto, arial, sans-serif));
        color: var(--media-text-color, var(--media-primary-color, rgb(238 238 238)));
        background: var(--media-text-background, var(--media-control-background, var(--media-secondary-color, rgb(20 20 30 / .7))));
        padding: var(--media-control-padding, 10px);
        display: inline-flex;
        justify-content: center;
        align-items: center;
        vertical-align: middle;
        box-sizing: border-box;
        text-align: center;
        pointer-events: auto;
      }

      
      :host(:focus-visible) {
        box-shadow: var(--media-focus-box-shadow, inset 0 0 0 2px rgb(27 127 204 / .9));
        outline: 0;
      }

      
      :host(:where(:focus)) {
        box-shadow: none;
        outline: 0;
      }
    </style>

    ${this.getSlotTemplateHTML(t,e)}
  `}function Ol(t,e){return`
    <slot></slot>
  `}var se=class extends l.HTMLElement{constructor(){if(super(),Rl(this,Se,void 0),!this.shadowRoot){this.attachShadow(this.constructor.shadowRootOptions);let e=H(this.attributes);F(this.shadowRoot,this.constructor.getTemplateHTML(e))}}static get observedAttributes(){return[k.MEDIA_CONTROLLER]}attributeChangedCallback(e,i,r){var a,o,n,d,u;e===k.MEDIA_CONTROLLER&&(i&&((o=(a=sr(this,Se))==null?void 0:a.unassociateElement)==null||o.call(a,this),nr(this,Se,null)),r&&this.isConnected&&(nr(this,Se,(n=this.getRootNode())==null?void 0:n.getElementById(r)),(u=(d=sr(this,Se))==null?void 0:d.associateElement)==null||u.call(d,this)))}connectedCallback(){var e,i,r;let{style:a}=C(this.shadowRoot,":host");a.setProperty("display",`var(--media-control-display, var(--${this.localName}-display, inline-flex))`);let o=this.getAttribute(k.MEDIA_CONTROLLER);o&&(nr(this,Se,(e=this.getRootNode())==null?void 0:e.getElementById(o)),(r=(i=sr(this,Se))==null?void 0:i.associateElement)==null||r.call(i,this))}disconnectedCallback(){var e,i;(i=(e=sr(this,Se))==null?void 0:e.unassociateElement)==null||i.call(e,this),nr(this,Se,null)}};Se=new WeakMap;se.shadowRootOptions={mode:"open"};se.getTemplateHTML=Cl;se.getSlotTemplateHTML=Ol;l.customElements.get("media-text-display")||l.customElements.define("media-text-display",se);var Ns=[{singular:"hour",plural:"hours"},{singular:"minute",plural:"minutes"},{singular:"second",plural:"seconds"}],Fs=(t,e)=>{let i=t===1?y(Ns[e].singular):y(Ns[e].plural);return`${t} ${i}`},ot=t=>{if(!It(t))return"";let e=Math.abs(t),i=e!==t,r=new Date(0,0,0,0,0,e,0),o=[r.getHours(),r.getMinutes(),r.getSeconds()].map((n,d)=>n&&Fs(n,d)).filter(n=>n).join(", ");return i?y("{time} remaining",{time:o}):e===0?Fs(0,2):o};function st(t,e){let i=!1;t<0&&(i=!0,t=0-t),t=t<0?0:t;let r=Math.floor(t%60),a=Math.floor(t/60%60),o=Math.floor(t/3600),n=Math.floor(e/60%60),d=Math.floor(e/3600);return(isNaN(t)||t===1/0)&&(o=a=r="0"),o=o>0||d>0?o+":":"",a=((o||n>=10)&&a<10?"0"+a:a)+":",r=r<10?"0"+r:r,(i?"-":"")+o+a+r}var Vc=Object.freeze({length:0,start(t){let e=t>>>0;if(e>=this.length)throw new DOMException(`Failed to execute 'start' on 'TimeRanges': The index provided (${e}) is greater than or equal to the maximum bound (${this.length}).`);return 0},end(t){let e=t>>>0;if(e>=this.length)throw new DOMException(`Failed to execute 'end' on 'TimeRanges': The index provided (${e}) is greater than or equal to the maximum bound (${this.length}).`);return 0}});var Hs=(t,e,i)=>{if(!e.has(t))throw TypeError("Cannot "+i)},Bs=(t,e,i)=>(Hs(t,e,"read from private field"),i?i.call(t):e.get(t)),Ul=(t,e,i)=>{if(e.has(t))throw TypeError("Cannot add the same private member more than once");e instanceof WeakSet?e.add(t):e.set(t,i)},xl=(t,e,i,r)=>(Hs(t,e,"write to private field"),r?r.call(t,i):e.set(t,i),i),mi,ka=class extends se{constructor(){super(),Ul(this,mi,void 0),xl(this,mi,this.shadowRoot.querySelector("slot")),Bs(this,mi).textContent=st(0)}static get observedAttributes(){return[...super.observedAttributes,s.MEDIA_PREVIEW_TIME]}attributeChangedCallback(e,i,r){super.attributeChangedCallback(e,i,r),e===s.MEDIA_PREVIEW_TIME&&r!=null&&(Bs(this,mi).textContent=st(parseFloat(r)))}get mediaPreviewTime(){return K(this,s.MEDIA_PREVIEW_TIME)}set mediaPreviewTime(e){G(this,s.MEDIA_PREVIEW_TIME,e)}};mi=new WeakMap;l.customElements.get("media-preview-time-display")||l.customElements.define("media-preview-time-display",ka);var La=(t,e,i)=>{if(!e.has(t))throw TypeError("Cannot "+i)},pe=(t,e,i)=>(La(t,e,"read from private field"),i?i.call(t):e.get(t)),nt=(t,e,i)=>{if(e.has(t))throw TypeError("Cannot add the same private member more than once");e instanceof WeakSet?e.add(t):e.set(t,i)},Da=(t,e,i,r)=>(La(t,e,"write to private field"),r?r.call(t,i):e.set(t,i),i),Ke=(t,e,i)=>(La(t,e,"access private method"),i),Ut,ye,hr,Ra,$s,ur,Ca,pi,lr,dr,wa,Ve={REMAINING:"remaining",SHOW_DURATION:"showduration",NO_TOGGLE:"notoggle"},Ws=[...Object.values(Ve),s.MEDIA_CURRENT_TIME,s.MEDIA_DURATION,s.MEDIA_SEEKABLE],Vs=["Enter"," "],Pl="&nbsp;/&nbsp;",Ma=(t,{timesSep:e=Pl}={})=>{var i,r;let a=(i=t.mediaCurrentTime)!=null?i:0,[,o]=(r=t.mediaSeekable)!=null?r:[],n=0;Number.isFinite(t.mediaDuration)?n=t.mediaDuration:Number.isFinite(o)&&(n=o);let d=t.remaining?st(0-(n-a)):st(a);return t.showDuration?`${d}${e}${st(n)}`:d},Nl=t=>{var e;let i=t.mediaCurrentTime,[,r]=(e=t.mediaSeekable)!=null?e:[],a=null;if(Number.isFinite(t.mediaDuration)?a=t.mediaDuration:Number.isFinite(r)&&(a=r),i==null||a===null){t.setAttribute("aria-description",y("video not loaded, unknown time."));return}let o=t.remaining?ot(0-(a-i)):ot(i);if(!t.showDuration){t.setAttribute("aria-description",o);return}let n=ot(a),d=y("{currentTime} of {totalTime}",{currentTime:o,totalTime:n});t.setAttribute("aria-description",d)};function Fl(t,e){return`
    <slot>${Ma(e)}</slot>
  `}var Bl=t=>{t.setAttribute("aria-label",y("playback time"))},cr=class extends se{constructor(){super(),nt(this,Ra),nt(this,ur),nt(this,pi),nt(this,dr),nt(this,Ut,void 0),nt(this,ye,null),nt(this,hr,e=>{let{metaKey:i,altKey:r,key:a}=e;if(i||r||!Vs.includes(a)){this.removeEventListener("keyup",pe(this,ye));return}this.addEventListener("keyup",pe(this,ye))}),Da(this,Ut,this.shadowRoot.querySelector("slot")),pe(this,Ut).innerHTML=`${Ma(this)}`}static get observedAttributes(){return[...super.observedAttributes,...Ws,"disabled"]}connectedCallback(){let{style:e}=C(this.shadowRoot,":host(:hover:not([notoggle]))");e.setProperty("cursor","var(--media-cursor, pointer)"),e.setProperty("background","var(--media-control-hover-background, rgba(50 50 70 / .7))"),this.setAttribute("aria-label",y("playback time")),Ke(this,pi,lr).call(this),super.connectedCallback()}toggleTimeDisplay(){this.noToggle||(this.hasAttribute("remaining")?this.removeAttribute("remaining"):this.setAttribute("remaining",""))}disconnectedCallback(){this.disable(),Ke(this,ur,Ca).call(this),super.disconnectedCallback()}attributeChangedCallback(e,i,r){Bl(this),Ws.includes(e)?this.update():e==="disabled"&&r!==i?r==null?Ke(this,pi,lr).call(this):Ke(this,dr,wa).call(this):e===Ve.NO_TOGGLE&&r!==i&&(this.noToggle?Ke(this,dr,wa).call(this):Ke(this,pi,lr).call(this)),super.attributeChangedCallback(e,i,r)}enable(){this.noToggle||(this.tabIndex=0)}disable(){this.tabIndex=-1}get remaining(){return A(this,Ve.REMAINING)}set remaining(e){T(this,Ve.REMAINING,e)}get showDuration(){return A(this,Ve.SHOW_DURATION)}set showDuration(e){T(this,Ve.SHOW_DURATION,e)}get noToggle(){return A(this,Ve.NO_TOGGLE)}set noToggle(e){T(this,Ve.NO_TOGGLE,e)}get mediaDuration(){return K(this,s.MEDIA_DURATION)}set mediaDuration(e){G(this,s.MEDIA_DURATION,e)}get mediaCurrentTime(){return K(this,s.MEDIA_CURRENT_TIME)}set mediaCurrentTime(e){G(this,s.MEDIA_CURRENT_TIME,e)}get mediaSeekable(){let e=this.getAttribute(s.MEDIA_SEEKABLE);if(e)return e.split(":").map(i=>+i)}set mediaSeekable(e){if(e==null){this.removeAttribute(s.MEDIA_SEEKABLE);return}this.setAttribute(s.MEDIA_SEEKABLE,e.join(":"))}update(){let e=Ma(this);Nl(this),e!==pe(this,Ut).innerHTML&&(pe(this,Ut).innerHTML=e)}};Ut=new WeakMap;ye=new WeakMap;hr=new WeakMap;Ra=new WeakSet;$s=function(){pe(this,ye)||(Da(this,ye,t=>{let{key:e}=t;if(!Vs.includes(e)){this.removeEventListener("keyup",pe(this,ye));return}this.toggleTimeDisplay()}),this.addEventListener("keydown",pe(this,hr)),this.addEventListener("click",this.toggleTimeDisplay))};ur=new WeakSet;Ca=function(){pe(this,ye)&&(this.removeEventListener("keyup",pe(this,ye)),this.removeEventListener("keydown",pe(this,hr)),this.removeEventListener("click",this.toggleTimeDisplay),Da(this,ye,null))};pi=new WeakSet;lr=function(){!this.noToggle&&!this.hasAttribute("disabled")&&(this.setAttribute("role","button"),this.enable(),Ke(this,Ra,$s).call(this))};dr=new WeakSet;wa=function(){this.removeAttribute("role"),this.disable(),Ke(this,ur,Ca).call(this)};cr.getSlotTemplateHTML=Fl;l.customElements.get("media-time-display")||l.customElements.define("media-time-display",cr);var Ba=(t,e,i)=>{if(!e.has(t))throw TypeError("Cannot "+i)},x=(t,e,i)=>(Ba(t,e,"read from private field"),i?i.call(t):e.get(t)),z=(t,e,i)=>{if(e.has(t))throw TypeError("Cannot add the same private member more than once");e instanceof WeakSet?e.add(t):e.set(t,i)},Ge=(t,e,i,r)=>(Ba(t,e,"write to private field"),r?r.call(t,i):e.set(t,i),i),Ee=(t,e,i)=>(Ba(t,e,"access private method"),i),Ie,Tr,mr,pr,ve,br,Er,vr,fr,Ha,Ks,_r,Oa,gr,Ua,Ar,Wa,xa,Gs,Pa,qs,Na,Ys,Fa,Qs;function Hl(t){return`
    <style>
      :host {
        --_focus-box-shadow: var(--media-focus-box-shadow, inset 0 0 0 2px rgb(27 127 204 / .9));
        --_media-range-padding: var(--media-range-padding, var(--media-control-padding, 10px));

        box-shadow: var(--_focus-visible-box-shadow, none);
        background: var(--media-control-background, var(--media-secondary-color, rgb(20 20 30 / .7)));
        height: calc(var(--media-control-height, 24px) + 2 * var(--_media-range-padding));
        display: inline-flex;
        align-items: center;
        
        vertical-align: middle;
        box-sizing: border-box;
        position: relative;
        width: 100px;
        transition: background .15s linear;
        cursor: var(--media-cursor, pointer);
        pointer-events: auto;
        touch-action: none; 
      }

      
      input[type=range]:focus {
        outline: 0;
      }
      input[type=range]:focus::-webkit-slider-runnable-track {
        outline: 0;
      }

      :host(:hover) {
        background: var(--media-control-hover-background, rgb(50 50 70 / .7));
      }

      #leftgap {
        padding-left: var(--media-range-padding-left, var(--_media-range-padding));
      }

      #rightgap {
        padding-right: var(--media-range-padding-right, var(--_media-range-padding));
      }

      #startpoint,
      #endpoint {
        position: absolute;
      }

      #endpoint {
        right: 0;
      }

      #container {
        
        width: var(--media-range-track-width, 100%);
        transform: translate(var(--media-range-track-translate-x, 0px), var(--media-range-track-translate-y, 0px));
        position: relative;
        height: 100%;
        display: flex;
        align-items: center;
        min-width: 40px;
      }

      #range {
        
        display: var(--media-time-range-hover-display, block);
        bottom: var(--media-time-range-hover-bottom, 0);
        height: var(--media-time-range-hover-height, max(100% , 25px));
        width: 100%;
        position: absolute;
        cursor: var(--media-cursor, pointer);

        -webkit-appearance: none; 
        -webkit-tap-highlight-color: transparent;
        background: transparent; 
        margin: 0;
        z-index: 1;
      }

      @media (hover: hover) {
        #range {
          bottom: var(--media-time-range-hover-bottom, 0);
          height: var(--media-time-range-hover-height, max(100%, 20px));
        }
      }

      
      
      #range::-webkit-slider-thumb {
        -webkit-appearance: none;
        background: transparent;
        width: .1px;
        height: .1px;
      }

      
      #range::-moz-range-thumb {
        background: transparent;
        border: transparent;
        width: .1px;
        height: .1px;
      }

      #appearance {
        height: var(--media-range-track-height, 4px);
        display: flex;
        flex-direction: column;
        justify-content: center;
        width: 100%;
        position: absolute;
        
        will-change: transform;
      }

      #track {
        background: var(--media-range-track-background, rgb(255 255 255 / .2));
        border-radius: var(--media-range-track-border-radius, 1px);
        border: var(--media-range-track-border, none);
        outline: var(--media-range-track-outline);
        outline-offset: var(--media-range-track-outline-offset);
        backdrop-filter: var(--media-range-track-backdrop-filter);
        -webkit-backdrop-filter: var(--media-range-track-backdrop-filter);
        box-shadow: var(--media-range-track-box-shadow, none);
        position: absolute;
        width: 100%;
        height: 100%;
        overflow: hidden;
      }

      #progress,
      #pointer {
        position: absolute;
        height: 100%;
        will-change: width;
      }

      #progress {
        background: var(--media-range-bar-color, var(--media-primary-color, rgb(238 238 238)));
        transition: var(--media-range-track-transition);
      }

      #pointer {
        background: var(--media-range-track-pointer-background);
        border-right: var(--media-range-track-pointer-border-right);
        transition: visibility .25s, opacity .25s;
        visibility: hidden;
        opacity: 0;
      }

      @media (hover: hover) {
        :host(:hover) #pointer {
          transition: visibility .5s, opacity .5s;
          visibility: visible;
          opacity: 1;
        }
      }

      #thumb,
      ::slotted([slot=thumb]) {
        width: var(--media-range-thumb-width, 10px);
        height: var(--media-range-thumb-height, 10px);
        transition: var(--media-range-thumb-transition);
        transform: var(--media-range-thumb-transform, none);
        opacity: var(--media-range-thumb-opacity, 1);
        translate: -50%;
        position: absolute;
        left: 0;
        cursor: var(--media-cursor, pointer);
      }

      #thumb {
        border-radius: var(--media-range-thumb-border-radius, 10px);
        background: var(--media-range-thumb-background, var(--media-primary-color, rgb(238 238 238)));
        box-shadow: var(--media-range-thumb-box-shadow, 1px 1px 1px transparent);
        border: var(--media-range-thumb-border, none);
      }

      :host([disabled]) #thumb {
        background-color: #777;
      }

      .segments #appearance {
        height: var(--media-range-segment-hover-height, 7px);
      }

      #track {
        clip-path: url(#segments-clipping);
      }

      #segments {
        --segments-gap: var(--media-range-segments-gap, 2px);
        position: absolute;
        width: 100%;
        height: 100%;
      }

      #segments-clipping {
        transform: translateX(calc(var(--segments-gap) / 2));
      }

      #segments-clipping:empty {
        display: none;
      }

      #segments-clipping rect {
        height: var(--media-range-track-height, 4px);
        y: calc((var(--media-range-segment-hover-height, 7px) - var(--media-range-track-height, 4px)) / 2);
        transition: var(--media-range-segment-transition, transform .1s ease-in-out);
        transform: var(--media-range-segment-transform, scaleY(1));
        transform-origin: center;
      }

      /* Visible label for accessibility - positioned off-screen but technically visible (Firefox requires visible labels) */
      #range-label {
        position: absolute;
        left: -10000px;
        background: var(--media-control-background, var(--media-secondary-color, rgb(20 20 30 / .7)));
        pointer-events: none;
      }
    </style>
    <div id="leftgap"></div>
    <div id="container">
      <div id="startpoint"></div>
      <div id="endpoint"></div>
      <div id="appearance">
        <div id="track" part="track">
          <div id="pointer"></div>
          <div id="progress" part="progress"></div>
        </div>
        <slot name="thumb">
          <div id="thumb" part="thumb"></div>
        </slot>
        <svg id="segments" aria-hidden="true"><clipPath id="segments-clipping"></clipPath></svg>
      </div>
        <input id="range" type="range" min="0" max="1" step="any" value="0">
        <label for="range" id="range-label"></label>

      ${this.getContainerTemplateHTML(t)}
    </div>
    <div id="rightgap"></div>
  `}function Wl(t){return""}var ke=class extends l.HTMLElement{constructor(){if(super(),z(this,Ha),z(this,_r),z(this,gr),z(this,Ar),z(this,xa),z(this,Pa),z(this,Na),z(this,Fa),z(this,Ie,void 0),z(this,Tr,void 0),z(this,mr,void 0),z(this,pr,void 0),z(this,ve,{}),z(this,br,[]),z(this,Er,()=>{if(this.range.matches(":focus-visible")){let{style:e}=C(this.shadowRoot,":host");e.setProperty("--_focus-visible-box-shadow","var(--_focus-box-shadow)")}}),z(this,vr,()=>{let{style:e}=C(this.shadowRoot,":host");e.removeProperty("--_focus-visible-box-shadow")}),z(this,fr,()=>{let e=this.shadowRoot.querySelector("#segments-clipping");e&&e.parentNode.append(e)}),!this.shadowRoot){this.attachShadow(this.constructor.shadowRootOptions);let e=H(this.attributes),i=this.constructor.getTemplateHTML(e);F(this.shadowRoot,i)}this.container=this.shadowRoot.querySelector("#container"),Ge(this,mr,this.shadowRoot.querySelector("#startpoint")),Ge(this,pr,this.shadowRoot.querySelector("#endpoint")),this.range=this.shadowRoot.querySelector("#range"),this.appearance=this.shadowRoot.querySelector("#appearance")}static get observedAttributes(){return["disabled","aria-disabled",k.MEDIA_CONTROLLER]}attributeChangedCallback(e,i,r){var a,o,n,d,u;e===k.MEDIA_CONTROLLER?(i&&((o=(a=x(this,Ie))==null?void 0:a.unassociateElement)==null||o.call(a,this),Ge(this,Ie,null)),r&&this.isConnected&&(Ge(this,Ie,(n=this.getRootNode())==null?void 0:n.getElementById(r)),(u=(d=x(this,Ie))==null?void 0:d.associateElement)==null||u.call(d,this))):(e==="disabled"||e==="aria-disabled"&&i!==r)&&(r==null?(this.range.removeAttribute(e),Ee(this,_r,Oa).call(this)):(this.range.setAttribute(e,r),Ee(this,gr,Ua).call(this)))}connectedCallback(){var e,i,r;let{style:a}=C(this.shadowRoot,":host");a.setProperty("display",`var(--media-control-display, var(--${this.localName}-display, inline-flex))`),x(this,ve).pointer=C(this.shadowRoot,"#pointer"),x(this,ve).progress=C(this.shadowRoot,"#progress"),x(this,ve).thumb=C(this.shadowRoot,'#thumb, ::slotted([slot="thumb"])'),x(this,ve).activeSegment=C(this.shadowRoot,"#segments-clipping rect:nth-child(0)");let o=this.getAttribute(k.MEDIA_CONTROLLER);o&&(Ge(this,Ie,(e=this.getRootNode())==null?void 0:e.getElementById(o)),(r=(i=x(this,Ie))==null?void 0:i.associateElement)==null||r.call(i,this)),this.updateBar(),this.shadowRoot.addEventListener("focusin",x(this,Er)),this.shadowRoot.addEventListener("focusout",x(this,vr)),Ee(this,_r,Oa).call(this),wi(this.container,x(this,fr))}disconnectedCallback(){var e,i;Ee(this,gr,Ua).call(this),(i=(e=x(this,Ie))==null?void 0:e.unassociateElement)==null||i.call(e,this),Ge(this,Ie,null),this.shadowRoot.removeEventListener("focusin",x(this,Er)),this.shadowRoot.removeEventListener("focusout",x(this,vr)),Mi(this.container,x(this,fr))}updatePointerBar(e){var i;(i=x(this,ve).pointer)==null||i.style.setProperty("width",`${this.getPointerRatio(e)*100}%`)}updateBar(){var e,i;let r=this.range.valueAsNumber*100;(e=x(this,ve).progress)==null||e.style.setProperty("width",`${r}%`),(i=x(this,ve).thumb)==null||i.style.setProperty("left",`${r}%`)}updateSegments(e){let i=this.shadowRoot.querySelector("#segments-clipping");if(i.textContent="",this.container.classList.toggle("segments",!!e?.length),!e?.length)return;let r=[...new Set([+this.range.min,...e.flatMap(o=>[o.start,o.end]),+this.range.max])];Ge(this,br,[...r]);let a=r.pop();for(let[o,n]of r.entries()){let[d,u]=[o===0,o===r.length-1],I=d?"calc(var(--segments-gap) / -1)":`${n*100}%`,g=`calc(${((u?a:r[o+1])-n)*100}%${d||u?"":" - var(--segments-gap)"})`,v=B.createElementNS("http://www.w3.org/2000/svg","rect"),h=Gr(this.shadowRoot,`#segments-clipping rect:nth-child(${o+1})`);h.style.setProperty("x",I),h.style.setProperty("width",g),i.append(v)}}getPointerRatio(e){return Uo(e.clientX,e.clientY,x(this,mr).getBoundingClientRect(),x(this,pr).getBoundingClientRect())}get dragging(){return this.hasAttribute("dragging")}handleEvent(e){switch(e.type){case"pointermove":Ee(this,Fa,Qs).call(this,e);break;case"input":this.updateBar();break;case"pointerenter":Ee(this,xa,Gs).call(this,e);break;case"pointerdown":Ee(this,Ar,Wa).call(this,e);break;case"pointerup":Ee(this,Pa,qs).call(this);break;case"pointerleave":Ee(this,Na,Ys).call(this);break}}get keysUsed(){return["ArrowUp","ArrowRight","ArrowDown","ArrowLeft"]}};Ie=new WeakMap;Tr=new WeakMap;mr=new WeakMap;pr=new WeakMap;ve=new WeakMap;br=new WeakMap;Er=new WeakMap;vr=new WeakMap;fr=new WeakMap;Ha=new WeakSet;Ks=function(t){let e=x(this,ve).activeSegment;if(!e)return;let i=this.getPointerRatio(t),a=`#segments-clipping rect:nth-child(${x(this,br).findIndex((o,n,d)=>{let u=d[n+1];return u!=null&&i>=o&&i<=u})+1})`;(e.selectorText!=a||!e.style.transform)&&(e.selectorText=a,e.style.setProperty("transform","var(--media-range-segment-hover-transform, scaleY(2))"))};_r=new WeakSet;Oa=function(){this.hasAttribute("disabled")||!this.isConnected||(this.addEventListener("input",this),this.addEventListener("pointerdown",this),this.addEventListener("pointerenter",this))};gr=new WeakSet;Ua=function(){var t,e;this.removeEventListener("input",this),this.removeEventListener("pointerdown",this),this.removeEventListener("pointerenter",this),this.removeEventListener("pointerleave",this),(t=l.window)==null||t.removeEventListener("pointerup",this),(e=l.window)==null||e.removeEventListener("pointermove",this)};Ar=new WeakSet;Wa=function(t){var e;Ge(this,Tr,t.composedPath().includes(this.range)),(e=l.window)==null||e.addEventListener("pointerup",this,{once:!0})};xa=new WeakSet;Gs=function(t){var e;t.pointerType!=="mouse"&&Ee(this,Ar,Wa).call(this,t),this.addEventListener("pointerleave",this,{once:!0}),(e=l.window)==null||e.addEventListener("pointermove",this)};Pa=new WeakSet;qs=function(){var t;(t=l.window)==null||t.removeEventListener("pointerup",this),this.toggleAttribute("dragging",!1),this.range.disabled=this.hasAttribute("disabled")};Na=new WeakSet;Ys=function(){var t,e;this.removeEventListener("pointerleave",this),(t=l.window)==null||t.removeEventListener("pointermove",this),this.toggleAttribute("dragging",!1),this.range.disabled=this.hasAttribute("disabled"),(e=x(this,ve).activeSegment)==null||e.style.removeProperty("transform")};Fa=new WeakSet;Qs=function(t){t.pointerType==="pen"&&t.buttons===0||(this.toggleAttribute("dragging",t.buttons===1||t.pointerType!=="mouse"),this.updatePointerBar(t),Ee(this,Ha,Ks).call(this,t),this.dragging&&(t.pointerType!=="mouse"||!x(this,Tr))&&(this.range.disabled=!0,this.range.valueAsNumber=this.getPointerRatio(t),this.range.dispatchEvent(new Event("input",{bubbles:!0,composed:!0}))))};ke.shadowRootOptions={mode:"open"};ke.getTemplateHTML=Hl;ke.getContainerTemplateHTML=Wl;l.customElements.get("media-chrome-range")||l.customElements.define("media-chrome-range",ke);var zs=(t,e,i)=>{if(!e.has(t))throw TypeError("Cannot "+i)},$l=(t,e,i)=>(zs(t,e,"read from private field"),i?i.call(t):e.get(t)),Vl=(t,e,i)=>{if(e.has(t))throw TypeError("Cannot add the same private member more than once");e instanceof WeakSet?e.add(t):e.set(t,i)},Kl=(t,e,i,r)=>(zs(t,e,"write to private field"),r?r.call(t,i):e.set(t,i),i),Sr,$a=class extends se{constructor(){super(),Vl(this,Sr,void 0),Kl(this,Sr,this.shadowRoot.querySelector("slot"))}static get observedAttributes(){return[...super.observedAttributes,s.MEDIA_PREVIEW_CHAPTER,s.MEDIA_LANG]}attributeChangedCallback(e,i,r){if(super.attributeChangedCallback(e,i,r),(e===s.MEDIA_PREVIEW_CHAPTER||e===s.MEDIA_LANG)&&r!==i&&r!=null)if($l(this,Sr).textContent=r,r!==""){let a=y("chapter: {chapterName}",{chapterName:r});this.setAttribute("aria-valuetext",a)}else this.removeAttribute("aria-valuetext")}get mediaPreviewChapter(){return R(this,s.MEDIA_PREVIEW_CHAPTER)}set mediaPreviewChapter(e){L(this,s.MEDIA_PREVIEW_CHAPTER,e)}};Sr=new WeakMap;l.customElements.get("media-preview-chapter-display")||l.customElements.define("media-preview-chapter-display",$a);var Xs=(t,e,i)=>{if(!e.has(t))throw TypeError("Cannot "+i)},Y=(t,e,i)=>(Xs(t,e,"read from private field"),i?i.call(t):e.get(t)),we=(t,e,i)=>{if(e.has(t))throw TypeError("Cannot add the same private member more than once");e instanceof WeakSet?e.add(t):e.set(t,i)},oe=(t,e,i,r)=>(Xs(t,e,"write to private field"),r?r.call(t,i):e.set(t,i),i),Gl=(t,e,i,r)=>({set _(a){oe(t,e,a,i)},get _(){return Y(t,e,r)}}),xt,yr,Pt,Ei,Ir,kr,wr,Nt,lt,Mr,Lr=class{constructor(e,i,r){we(this,xt,void 0),we(this,yr,void 0),we(this,Pt,void 0),we(this,Ei,void 0),we(this,Ir,void 0),we(this,kr,void 0),we(this,wr,void 0),we(this,Nt,void 0),we(this,lt,0),we(this,Mr,(a=performance.now())=>{oe(this,lt,requestAnimationFrame(Y(this,Mr))),oe(this,Ei,performance.now()-Y(this,Pt));let o=1e3/this.fps;if(Y(this,Ei)>o){oe(this,Pt,a-Y(this,Ei)%o);let n=1e3/((a-Y(this,yr))/++Gl(this,Ir)._),d=(a-Y(this,kr))/1e3/this.duration,u=Y(this,wr)+d*this.playbackRate;u-Y(this,xt).valueAsNumber>0?oe(this,Nt,this.playbackRate/this.duration/n):(oe(this,Nt,.995*Y(this,Nt)),u=Y(this,xt).valueAsNumber+Y(this,Nt)),this.callback(u)}}),oe(this,xt,e),this.callback=i,this.fps=r}start(){Y(this,lt)===0&&(oe(this,Pt,performance.now()),oe(this,yr,Y(this,Pt)),oe(this,Ir,0),Y(this,Mr).call(this))}stop(){Y(this,lt)!==0&&(cancelAnimationFrame(Y(this,lt)),oe(this,lt,0))}update({start:e,duration:i,playbackRate:r}){let a=e-Y(this,xt).valueAsNumber,o=Math.abs(i-this.duration);(a>0||a<-.5/i||o>=.5)&&this.callback(e),oe(this,wr,e),oe(this,kr,performance.now()),this.duration=i,this.playbackRate=r}};xt=new WeakMap;yr=new WeakMap;Pt=new WeakMap;Ei=new WeakMap;Ir=new WeakMap;kr=new WeakMap;wr=new WeakMap;Nt=new WeakMap;lt=new WeakMap;Mr=new WeakMap;var Ya=(t,e,i)=>{if(!e.has(t))throw TypeError("Cannot "+i)},O=(t,e,i)=>(Ya(t,e,"read from private field"),i?i.call(t):e.get(t)),$=(t,e,i)=>{if(e.has(t))throw TypeError("Cannot add the same private member more than once");e instanceof WeakSet?e.add(t):e.set(t,i)},ne=(t,e,i,r)=>(Ya(t,e,"write to private field"),r?r.call(t,i):e.set(t,i),i),le=(t,e,i)=>(Ya(t,e,"access private method"),i),Ft,qe,Cr,fi,Or,Rr,_i,gi,Bt,Ht,vi,Va,Zs,Ka,Ur,Qa,xr,za,Pr,Xa,Ga,Js,bi,Nr,qa,js,ql=t=>{let e=t.range,i=ot(+en(t)),r=ot(+t.mediaSeekableEnd),a=i&&r?y("{currentTime} of {totalTime}",{currentTime:i,totalTime:r}):y("video not loaded, unknown time.");e.setAttribute("aria-valuetext",a)};function Yl(t){return`
    <style>
      :host {
        --media-box-border-radius: 4px;
        --media-box-padding-left: 10px;
        --media-box-padding-right: 10px;
        --media-preview-border-radius: var(--media-box-border-radius);
        --media-box-arrow-offset: var(--media-box-border-radius);
        --_control-background: var(--media-control-background, var(--media-secondary-color, rgb(20 20 30 / .7)));
        --_preview-background: var(--media-preview-background, var(--_control-background));

        
        contain: layout;
      }

      #buffered {
        background: var(--media-time-range-buffered-color, rgb(255 255 255 / .4));
        position: absolute;
        height: 100%;
        will-change: width;
      }

      #preview-rail,
      #current-rail {
        width: 100%;
        position: absolute;
        left: 0;
        bottom: 100%;
        pointer-events: none;
        will-change: transform;
      }

      [part~="box"] {
        width: min-content;
        
        position: absolute;
        bottom: 100%;
        flex-direction: column;
        align-items: center;
        transform: translateX(-50%);
      }

      [part~="current-box"] {
        display: var(--media-current-box-display, var(--media-box-display, flex));
        margin: var(--media-current-box-margin, var(--media-box-margin, 0 0 5px));
        visibility: hidden;
      }

      [part~="preview-box"] {
        display: var(--media-preview-box-display, var(--media-box-display, flex));
        margin: var(--media-preview-box-margin, var(--media-box-margin, 0 0 5px));
        transition-property: var(--media-preview-transition-property, visibility, opacity);
        transition-duration: var(--media-preview-transition-duration-out, .25s);
        transition-delay: var(--media-preview-transition-delay-out, 0s);
        visibility: hidden;
        opacity: 0;
      }

      :host(:is([${s.MEDIA_PREVIEW_IMAGE}], [${s.MEDIA_PREVIEW_TIME}])[dragging]) [part~="preview-box"] {
        transition-duration: var(--media-preview-transition-duration-in, .5s);
        transition-delay: var(--media-preview-transition-delay-in, .25s);
        visibility: visible;
        opacity: 1;
      }

      @media (hover: hover) {
        :host(:is([${s.MEDIA_PREVIEW_IMAGE}], [${s.MEDIA_PREVIEW_TIME}]):hover) [part~="preview-box"] {
          transition-duration: var(--media-preview-transition-duration-in, .5s);
          transition-delay: var(--media-preview-transition-delay-in, .25s);
          visibility: visible;
          opacity: 1;
        }
      }

      media-preview-thumbnail,
      ::slotted(media-preview-thumbnail) {
        visibility: hidden;
        
        transition: visibility 0s .25s;
        transition-delay: calc(var(--media-preview-transition-delay-out, 0s) + var(--media-preview-transition-duration-out, .25s));
        background: var(--media-preview-thumbnail-background, var(--_preview-background));
        box-shadow: var(--media-preview-thumbnail-box-shadow, 0 0 4px rgb(0 0 0 / .2));
        max-width: var(--media-preview-thumbnail-max-width, 180px);
        max-height: var(--media-preview-thumbnail-max-height, 160px);
        min-width: var(--media-preview-thumbnail-min-width, 120px);
        min-height: var(--media-preview-thumbnail-min-height, 80px);
        border: var(--media-preview-thumbnail-border);
        border-radius: var(--media-preview-thumbnail-border-radius,
          var(--media-preview-border-radius) var(--media-preview-border-radius) 0 0);
      }

      :host([${s.MEDIA_PREVIEW_IMAGE}][dragging]) media-preview-thumbnail,
      :host([${s.MEDIA_PREVIEW_IMAGE}][dragging]) ::slotted(media-preview-thumbnail) {
        transition-delay: var(--media-preview-transition-delay-in, .25s);
        visibility: visible;
      }

      @media (hover: hover) {
        :host([${s.MEDIA_PREVIEW_IMAGE}]:hover) media-preview-thumbnail,
        :host([${s.MEDIA_PREVIEW_IMAGE}]:hover) ::slotted(media-preview-thumbnail) {
          transition-delay: var(--media-preview-transition-delay-in, .25s);
          visibility: visible;
        }

        :host([${s.MEDIA_PREVIEW_TIME}]:hover) {
          --media-time-range-hover-display: block;
        }
      }

      media-preview-chapter-display,
      ::slotted(media-preview-chapter-display) {
        font-size: var(--media-font-size, 13px);
        line-height: 17px;
        min-width: 0;
        visibility: hidden;
        
        transition: min-width 0s, border-radius 0s, margin 0s, padding 0s, visibility 0s;
        transition-delay: calc(var(--media-preview-transition-delay-out, 0s) + var(--media-preview-transition-duration-out, .25s));
        background: var(--media-preview-chapter-background, var(--_preview-background));
        border-radius: var(--media-preview-chapter-border-radius,
          var(--media-preview-border-radius) var(--media-preview-border-radius)
          var(--media-preview-border-radius) var(--media-preview-border-radius));
        padding: var(--media-preview-chapter-padding, 3.5px 9px);
        margin: var(--media-preview-chapter-margin, 0 0 5px);
        text-shadow: var(--media-preview-chapter-text-shadow, 0 0 4px rgb(0 0 0 / .75));
      }

      :host([${s.MEDIA_PREVIEW_IMAGE}]) media-preview-chapter-display,
      :host([${s.MEDIA_PREVIEW_IMAGE}]) ::slotted(media-preview-chapter-display) {
        transition-delay: var(--media-preview-transition-delay-in, .25s);
        border-radius: var(--media-preview-chapter-border-radius, 0);
        padding: var(--media-preview-chapter-padding, 3.5px 9px 0);
        margin: var(--media-preview-chapter-margin, 0);
        min-width: 100%;
      }

      media-preview-chapter-display[${s.MEDIA_PREVIEW_CHAPTER}],
      ::slotted(media-preview-chapter-display[${s.MEDIA_PREVIEW_CHAPTER}]) {
        visibility: visible;
      }

      media-preview-chapter-display:not([aria-valuetext]),
      ::slotted(media-preview-chapter-display:not([aria-valuetext])) {
        display: none;
      }

      media-preview-time-display,
      ::slotted(media-preview-time-display),
      media-time-display,
      ::slotted(media-time-display) {
        font-size: var(--media-font-size, 13px);
        line-height: 17px;
        min-width: 0;
        
        transition: min-width 0s, border-radius 0s;
        transition-delay: calc(var(--media-preview-transition-delay-out, 0s) + var(--media-preview-transition-duration-out, .25s));
        background: var(--media-preview-time-background, var(--_preview-background));
        border-radius: var(--media-preview-time-border-radius,
          var(--media-preview-border-radius) var(--media-preview-border-radius)
          var(--media-preview-border-radius) var(--media-preview-border-radius));
        padding: var(--media-preview-time-padding, 3.5px 9px);
        margin: var(--media-preview-time-margin, 0);
        text-shadow: var(--media-preview-time-text-shadow, 0 0 4px rgb(0 0 0 / .75));
        transform: translateX(min(
          max(calc(50% - var(--_box-width) / 2),
          calc(var(--_box-shift, 0))),
          calc(var(--_box-width) / 2 - 50%)
        ));
      }

      :host([${s.MEDIA_PREVIEW_IMAGE}]) media-preview-time-display,
      :host([${s.MEDIA_PREVIEW_IMAGE}]) ::slotted(media-preview-time-display) {
        transition-delay: var(--media-preview-transition-delay-in, .25s);
        border-radius: var(--media-preview-time-border-radius,
          0 0 var(--media-preview-border-radius) var(--media-preview-border-radius));
        min-width: 100%;
      }

      :host([${s.MEDIA_PREVIEW_TIME}]:hover) {
        --media-time-range-hover-display: block;
      }

      [part~="arrow"],
      ::slotted([part~="arrow"]) {
        display: var(--media-box-arrow-display, inline-block);
        transform: translateX(min(
          max(calc(50% - var(--_box-width) / 2 + var(--media-box-arrow-offset)),
          calc(var(--_box-shift, 0))),
          calc(var(--_box-width) / 2 - 50% - var(--media-box-arrow-offset))
        ));
        
        border-color: transparent;
        border-top-color: var(--media-box-arrow-background, var(--_control-background));
        border-width: var(--media-box-arrow-border-width,
          var(--media-box-arrow-height, 5px) var(--media-box-arrow-width, 6px) 0);
        border-style: solid;
        justify-content: center;
        height: 0;
      }
    </style>
    <div id="preview-rail">
      <slot name="preview" part="box preview-box">
        <media-preview-thumbnail>
          <template shadowrootmode="${Ia.shadowRootOptions.mode}">
            ${Ia.getTemplateHTML({})}
          </template>
        </media-preview-thumbnail>
        <media-preview-chapter-display></media-preview-chapter-display>
        <media-preview-time-display></media-preview-time-display>
        <slot name="preview-arrow"><div part="arrow"></div></slot>
      </slot>
    </div>
    <div id="current-rail">
      <slot name="current" part="box current-box">
        
      </slot>
    </div>
  `}var Dr=(t,e=t.mediaCurrentTime)=>{let i=Number.isFinite(t.mediaSeekableStart)?t.mediaSeekableStart:0,r=Number.isFinite(t.mediaDuration)?t.mediaDuration:t.mediaSeekableEnd;if(Number.isNaN(r))return 0;let a=(e-i)/(r-i);return Math.max(0,Math.min(a,1))},en=(t,e=t.range.valueAsNumber)=>{let i=Number.isFinite(t.mediaSeekableStart)?t.mediaSeekableStart:0,r=Number.isFinite(t.mediaDuration)?t.mediaDuration:t.mediaSeekableEnd;return Number.isNaN(r)?0:e*(r-i)+i},Ai=class extends ke{constructor(){super(),$(this,Va),$(this,Ur),$(this,xr),$(this,Pr),$(this,Ga),$(this,bi),$(this,qa),$(this,Ft,null),$(this,qe,void 0),$(this,Cr,void 0),$(this,fi,void 0),$(this,Or,void 0),$(this,Rr,void 0),$(this,_i,void 0),$(this,gi,void 0),$(this,Bt,void 0),$(this,Ht,void 0),$(this,vi,()=>{le(this,Va,Zs).call(this)?O(this,qe).start():O(this,qe).stop()}),$(this,Ka,r=>{this.dragging||(It(r)&&(this.range.valueAsNumber=r),O(this,Ht)||this.updateBar())}),this.shadowRoot.querySelector("#track").insertAdjacentHTML("afterbegin",'<div id="buffered" part="buffered"></div>'),ne(this,Cr,this.shadowRoot.querySelectorAll('[part~="box"]')),ne(this,Or,this.shadowRoot.querySelector('[part~="preview-box"]')),ne(this,Rr,this.shadowRoot.querySelector('[part~="current-box"]'));let i=getComputedStyle(this);ne(this,_i,parseInt(i.getPropertyValue("--media-box-padding-left"))),ne(this,gi,parseInt(i.getPropertyValue("--media-box-padding-right"))),ne(this,qe,new Lr(this.range,O(this,Ka),60))}static get observedAttributes(){return[...super.observedAttributes,s.MEDIA_PAUSED,s.MEDIA_DURATION,s.MEDIA_SEEKABLE,s.MEDIA_CURRENT_TIME,s.MEDIA_PREVIEW_IMAGE,s.MEDIA_PREVIEW_TIME,s.MEDIA_PREVIEW_CHAPTER,s.MEDIA_BUFFERED,s.MEDIA_PLAYBACK_RATE,s.MEDIA_LOADING,s.MEDIA_ENDED]}connectedCallback(){var e;super.connectedCallback(),this.range.setAttribute("aria-label",y("seek")),O(this,vi).call(this),ne(this,Ft,this.getRootNode()),(e=O(this,Ft))==null||e.addEventListener("transitionstart",this)}disconnectedCallback(){var e;super.disconnectedCallback(),O(this,qe).stop(),(e=O(this,Ft))==null||e.removeEventListener("transitionstart",this),ne(this,Ft,null)}attributeChangedCallback(e,i,r){super.attributeChangedCallback(e,i,r),i!=r&&(e===s.MEDIA_CURRENT_TIME||e===s.MEDIA_PAUSED||e===s.MEDIA_ENDED||e===s.MEDIA_LOADING||e===s.MEDIA_DURATION||e===s.MEDIA_SEEKABLE?(O(this,qe).update({start:Dr(this),duration:this.mediaSeekableEnd-this.mediaSeekableStart,playbackRate:this.mediaPlaybackRate}),O(this,vi).call(this),ql(this)):e===s.MEDIA_BUFFERED&&this.updateBufferedBar(),(e===s.MEDIA_DURATION||e===s.MEDIA_SEEKABLE)&&(this.mediaChaptersCues=O(this,Bt),this.updateBar()))}get mediaChaptersCues(){return O(this,Bt)}set mediaChaptersCues(e){var i;ne(this,Bt,e),this.updateSegments((i=O(this,Bt))==null?void 0:i.map(r=>({start:Dr(this,r.startTime),end:Dr(this,r.endTime)})))}get mediaPaused(){return A(this,s.MEDIA_PAUSED)}set mediaPaused(e){T(this,s.MEDIA_PAUSED,e)}get mediaLoading(){return A(this,s.MEDIA_LOADING)}set mediaLoading(e){T(this,s.MEDIA_LOADING,e)}get mediaDuration(){return K(this,s.MEDIA_DURATION)}set mediaDuration(e){G(this,s.MEDIA_DURATION,e)}get mediaCurrentTime(){return K(this,s.MEDIA_CURRENT_TIME)}set mediaCurrentTime(e){G(this,s.MEDIA_CURRENT_TIME,e)}get mediaPlaybackRate(){return K(this,s.MEDIA_PLAYBACK_RATE,1)}set mediaPlaybackRate(e){G(this,s.MEDIA_PLAYBACK_RATE,e)}get mediaBuffered(){let e=this.getAttribute(s.MEDIA_BUFFERED);return e?e.split(" ").map(i=>i.split(":").map(r=>+r)):[]}set mediaBuffered(e){if(!e){this.removeAttribute(s.MEDIA_BUFFERED);return}let i=e.map(r=>r.join(":")).join(" ");this.setAttribute(s.MEDIA_BUFFERED,i)}get mediaSeekable(){let e=this.getAttribute(s.MEDIA_SEEKABLE);if(e)return e.split(":").map(i=>+i)}set mediaSeekable(e){if(e==null){this.removeAttribute(s.MEDIA_SEEKABLE);return}this.setAttribute(s.MEDIA_SEEKABLE,e.join(":"))}get mediaSeekableEnd(){var e;let[,i=this.mediaDuration]=(e=this.mediaSeekable)!=null?e:[];return i}get mediaSeekableStart(){var e;let[i=0]=(e=this.mediaSeekable)!=null?e:[];return i}get mediaPreviewImage(){return R(this,s.MEDIA_PREVIEW_IMAGE)}set mediaPreviewImage(e){L(this,s.MEDIA_PREVIEW_IMAGE,e)}get mediaPreviewTime(){return K(this,s.MEDIA_PREVIEW_TIME)}set mediaPreviewTime(e){G(this,s.MEDIA_PREVIEW_TIME,e)}get mediaEnded(){return A(this,s.MEDIA_ENDED)}set mediaEnded(e){T(this,s.MEDIA_ENDED,e)}updateBar(){super.updateBar(),this.updateBufferedBar(),this.updateCurrentBox()}updateBufferedBar(){var e;let i=this.mediaBuffered;if(!i.length)return;let r;if(this.mediaEnded)r=1;else{let o=this.mediaCurrentTime,[,n=this.mediaSeekableStart]=(e=i.find(([d,u])=>d<=o&&o<=u))!=null?e:[];r=Dr(this,n)}let{style:a}=C(this.shadowRoot,"#buffered");a.setProperty("width",`${r*100}%`)}updateCurrentBox(){if(!this.shadowRoot.querySelector('slot[name="current"]').assignedElements().length)return;let i=C(this.shadowRoot,"#current-rail"),r=C(this.shadowRoot,'[part~="current-box"]'),a=le(this,Ur,Qa).call(this,O(this,Rr)),o=le(this,xr,za).call(this,a,this.range.valueAsNumber),n=le(this,Pr,Xa).call(this,a,this.range.valueAsNumber);i.style.transform=`translateX(${o})`,i.style.setProperty("--_range-width",`${a.range.width}`),r.style.setProperty("--_box-shift",`${n}`),r.style.setProperty("--_box-width",`${a.box.width}px`),r.style.setProperty("visibility","initial")}handleEvent(e){switch(super.handleEvent(e),e.type){case"input":le(this,qa,js).call(this);break;case"pointermove":le(this,Ga,Js).call(this,e);break;case"pointerup":O(this,Ht)&&ne(this,Ht,!1);break;case"pointerdown":ne(this,Ht,!0);break;case"pointerleave":le(this,bi,Nr).call(this,null);break;case"transitionstart":fe(e.target,this)&&setTimeout(()=>O(this,vi).call(this),0);break}}};Ft=new WeakMap;qe=new WeakMap;Cr=new WeakMap;fi=new WeakMap;Or=new WeakMap;Rr=new WeakMap;_i=new WeakMap;gi=new WeakMap;Bt=new WeakMap;Ht=new WeakMap;vi=new WeakMap;Va=new WeakSet;Zs=function(){return this.isConnected&&!this.mediaPaused&&!this.mediaLoading&&!this.mediaEnded&&this.mediaSeekableEnd>0&&Li(this)};Ka=new WeakMap;Ur=new WeakSet;Qa=function(t){var e;let r=((e=this.getAttribute("bounds")?Ue(this,`#${this.getAttribute("bounds")}`):this.parentElement)!=null?e:this).getBoundingClientRect(),a=this.range.getBoundingClientRect(),o=t.offsetWidth,n=-(a.left-r.left-o/2),d=r.right-a.left-o/2;return{box:{width:o,min:n,max:d},bounds:r,range:a}};xr=new WeakSet;za=function(t,e){let i=`${e*100}%`,{width:r,min:a,max:o}=t.box;if(!r)return i;if(Number.isNaN(a)||(i=`max(${`calc(1 / var(--_range-width) * 100 * ${a}% + var(--media-box-padding-left))`}, ${i})`),!Number.isNaN(o)){let d=`calc(1 / var(--_range-width) * 100 * ${o}% - var(--media-box-padding-right))`;i=`min(${i}, ${d})`}return i};Pr=new WeakSet;Xa=function(t,e){let{width:i,min:r,max:a}=t.box,o=e*t.range.width;if(o<r+O(this,_i)){let n=t.range.left-t.bounds.left-O(this,_i);return`${o-i/2+n}px`}if(o>a-O(this,gi)){let n=t.bounds.right-t.range.right-O(this,gi);return`${o+i/2-n-t.range.width}px`}return 0};Ga=new WeakSet;Js=function(t){let e=[...O(this,Cr)].some(S=>t.composedPath().includes(S));if(!this.dragging&&(e||!t.composedPath().includes(this))){le(this,bi,Nr).call(this,null);return}let i=this.mediaSeekableEnd;if(!i)return;let r=C(this.shadowRoot,"#preview-rail"),a=C(this.shadowRoot,'[part~="preview-box"]'),o=le(this,Ur,Qa).call(this,O(this,Or)),n=(t.clientX-o.range.left)/o.range.width;n=Math.max(0,Math.min(1,n));let d=le(this,xr,za).call(this,o,n),u=le(this,Pr,Xa).call(this,o,n);r.style.transform=`translateX(${d})`,r.style.setProperty("--_range-width",`${o.range.width}`),a.style.setProperty("--_box-shift",`${u}`),a.style.setProperty("--_box-width",`${o.box.width}px`);let I=Math.round(O(this,fi))-Math.round(n*i);Math.abs(I)<1&&n>.01&&n<.99||(ne(this,fi,n*i),le(this,bi,Nr).call(this,O(this,fi)))};bi=new WeakSet;Nr=function(t){this.dispatchEvent(new l.CustomEvent(m.MEDIA_PREVIEW_REQUEST,{composed:!0,bubbles:!0,detail:t}))};qa=new WeakSet;js=function(){O(this,qe).stop();let t=en(this);this.dispatchEvent(new l.CustomEvent(m.MEDIA_SEEK_REQUEST,{composed:!0,bubbles:!0,detail:t}))};Ai.shadowRootOptions={mode:"open"};Ai.getContainerTemplateHTML=Yl;l.customElements.get("media-time-range")||l.customElements.define("media-time-range",Ai);var Ql=(t,e,i)=>{if(!e.has(t))throw TypeError("Cannot "+i)},tn=(t,e,i)=>(Ql(t,e,"read from private field"),i?i.call(t):e.get(t)),zl=(t,e,i)=>{if(e.has(t))throw TypeError("Cannot add the same private member more than once");e instanceof WeakSet?e.add(t):e.set(t,i)},Fr,Xl=1,Zl=t=>t.mediaMuted?0:t.mediaVolume,Jl=t=>`${Math.round(t*100)}%`,Za=class extends ke{constructor(){super(...arguments),zl(this,Fr,()=>{let e=this.range.value,i=new l.CustomEvent(m.MEDIA_VOLUME_REQUEST,{composed:!0,bubbles:!0,detail:e});this.dispatchEvent(i)})}static get observedAttributes(){return[...super.observedAttributes,s.MEDIA_VOLUME,s.MEDIA_MUTED,s.MEDIA_VOLUME_UNAVAILABLE]}connectedCallback(){super.connectedCallback(),this.range.setAttribute("aria-label",y("volume")),this.range.addEventListener("input",tn(this,Fr))}disconnectedCallback(){this.range.removeEventListener("input",tn(this,Fr)),super.disconnectedCallback()}attributeChangedCallback(e,i,r){super.attributeChangedCallback(e,i,r),(e===s.MEDIA_VOLUME||e===s.MEDIA_MUTED)&&(this.range.valueAsNumber=Zl(this),this.range.setAttribute("aria-valuetext",Jl(this.range.valueAsNumber)),this.updateBar())}get mediaVolume(){return K(this,s.MEDIA_VOLUME,Xl)}set mediaVolume(e){G(this,s.MEDIA_VOLUME,e)}get mediaMuted(){return A(this,s.MEDIA_MUTED)}set mediaMuted(e){T(this,s.MEDIA_MUTED,e)}get mediaVolumeUnavailable(){return R(this,s.MEDIA_VOLUME_UNAVAILABLE)}set mediaVolumeUnavailable(e){L(this,s.MEDIA_VOLUME_UNAVAILABLE,e)}};Fr=new WeakMap;l.customElements.get("media-volume-range")||l.customElements.define("media-volume-range",Za);var jl={"Start airplay":"\u5F00\u59CB AirPlay","Stop airplay":"\u505C\u6B62 AirPlay",Audio:"\u97F3\u9891",Captions:"\u5B57\u5E55","Enable captions":"\u5F00\u542F\u5B57\u5E55","Disable captions":"\u5173\u95ED\u5B57\u5E55","Start casting":"\u5F00\u59CB\u6295\u5C4F","Stop casting":"\u505C\u6B62\u6295\u5C4F","Enter fullscreen mode":"\u8FDB\u5165\u5168\u5C4F","Exit fullscreen mode":"\u9000\u51FA\u5168\u5C4F",Mute:"\u9759\u97F3",Unmute:"\u6062\u590D\u97F3\u91CF",Loop:"\u5FAA\u73AF\u64AD\u653E","Enter picture in picture mode":"\u5F00\u542F\u753B\u4E2D\u753B","Exit picture in picture mode":"\u5173\u95ED\u753B\u4E2D\u753B",Play:"\u64AD\u653E",Pause:"\u6682\u505C","Playback rate":"\u64AD\u653E\u901F\u5EA6","Playback rate {playbackRate}":"\u64AD\u653E\u901F\u5EA6\uFF1A{playbackRate}",Quality:"\u6E05\u6670\u5EA6","Seek backward":"\u5FEB\u9000","Seek forward":"\u5FEB\u8FDB",Settings:"\u8BBE\u7F6E",Auto:"\u81EA\u52A8","audio player":"\u97F3\u9891\u64AD\u653E\u5668","video player":"\u89C6\u9891\u64AD\u653E\u5668",volume:"\u97F3\u91CF",seek:"\u8DF3\u8F6C","closed captions":"\u9690\u85CF\u5F0F\u8F85\u52A9\u5B57\u5E55","current playback rate":"\u5F53\u524D\u64AD\u653E\u901F\u5EA6","playback time":"\u64AD\u653E\u65F6\u95F4","media loading":"\u5A92\u4F53\u52A0\u8F7D\u4E2D...",settings:"\u8BBE\u7F6E","audio tracks":"\u97F3\u8F68",quality:"\u6E05\u6670\u5EA6",play:"\u64AD\u653E",pause:"\u6682\u505C",mute:"\u9759\u97F3",unmute:"\u6062\u590D\u97F3\u91CF","chapter: {chapterName}":"\u7AE0\u8282: {chapterName}",live:"\u76F4\u64AD",Off:"\u5173\u95ED","start airplay":"\u5F00\u59CB AirPlay","stop airplay":"\u505C\u6B62 AirPlay","start casting":"\u5F00\u59CB\u6295\u5C4F","stop casting":"\u505C\u6B62\u6295\u5C4F","enter fullscreen mode":"\u8FDB\u5165\u5168\u5C4F","exit fullscreen mode":"\u9000\u51FA\u5168\u5C4F","enter picture in picture mode":"\u5F00\u542F\u753B\u4E2D\u753B","exit picture in picture mode":"\u5173\u95ED\u753B\u4E2D\u753B","seek to live":"\u8DF3\u8F6C\u81F3\u76F4\u64AD\u8FDB\u5EA6","playing live":"\u6B63\u5728\u76F4\u64AD\u4E2D","seek back {seekOffset} seconds":"\u5FEB\u9000 {seekOffset} \u79D2","seek forward {seekOffset} seconds":"\u5FEB\u8FDB {seekOffset} \u79D2","Network Error":"\u7F51\u7EDC\u9519\u8BEF","Decode Error":"\u89E3\u7801\u5931\u8D25","Source Not Supported":"\u4E0D\u652F\u6301\u7684\u5A92\u4F53\u6765\u6E90","Encryption Error":"\u52A0\u5BC6\u9519\u8BEF","A network error caused the media download to fail.":"\u5A92\u4F53\u4E0B\u8F7D\u5931\u8D25\uFF0C\u8BF7\u68C0\u67E5\u7F51\u7EDC\u8FDE\u63A5\u3002","A media error caused playback to be aborted. The media could be corrupt or your browser does not support this format.":"\u5A92\u4F53\u9519\u8BEF\u5BFC\u81F4\u64AD\u653E\u4E2D\u6B62\u3002\u53EF\u80FD\u662F\u6587\u4EF6\u635F\u574F\uFF0C\u6216\u6D4F\u89C8\u5668\u4E0D\u652F\u6301\u8BE5\u683C\u5F0F\u3002","An unsupported error occurred. The server or network failed, or your browser does not support this format.":"\u53D1\u751F\u672A\u652F\u6301\u7684\u9519\u8BEF\uFF0C\u53EF\u80FD\u662F\u670D\u52A1\u5668\u6216\u7F51\u7EDC\u6545\u969C\uFF0C\u6216\u6D4F\u89C8\u5668\u4E0D\u652F\u6301\u8BE5\u683C\u5F0F\u3002","The media is encrypted and there are no keys to decrypt it.":"\u5A92\u4F53\u5DF2\u52A0\u5BC6\uFF0C\u7F3A\u5C11\u89E3\u5BC6\u5BC6\u94A5\u3002",hour:"\u5C0F\u65F6",hours:"\u5C0F\u65F6",minute:"\u5206\u949F",minutes:"\u5206\u949F",second:"\u79D2",seconds:"\u79D2","{time} remaining":"\u5269\u4F59 {time}","{currentTime} of {totalTime}":"{currentTime} / {totalTime}","video not loaded, unknown time.":"\u89C6\u9891\u672A\u52A0\u8F7D\uFF0C\u65F6\u95F4\u672A\u77E5\u3002"};Fo("zh-CN",jl);export{Yr as setLanguage};
